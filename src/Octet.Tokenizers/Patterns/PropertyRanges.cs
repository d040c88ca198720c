namespace Octet.Tokenizers.Patterns;

/// <summary>
/// Scripts and other properties of Unicode 16.0, made by <c>tools/unicode/make-properties.py</c>.
/// Copyright 1991-2024 Unicode, Inc., under the Unicode License V3, https://www.unicode.org/license.txt.
/// </summary>
static class PropertyRanges
{
    /// <summary>
    /// A line for each: its names, without case and separators; then its ranges in hexadecimal, each by how far its first code point is from
    /// the last one of the range before, and after a hyphen how far its own last one is from there.
    /// </summary>
    internal const string Text =
        """
        adlam,adlm:1e900-4b 5-9 5-1
        ahom:11700-1a 3-e 5-16
        anatolianhieroglyphs,hluw:14400-246
        arab,arabic:600-4 2-5 2-d 2-2 2-1f 2-9 c-19 2-6b 2-21 51-2f f1-1e 2-1 6-4a 2-1c f251-72 11-16a 3-4f 3-35 8 21-f 71-4 2-86 f64-1e 44-2 38-3 df01-3 2-1a 2-1 2 3 2-9 2-3 2 2 7 5 2 2 2-2 2-1 2 3 2 2 2 2 2-1 2 3-3 2-6 2-3 2-3 2 2-9 2-10 6-2 2-4 2-10 35-1
        armenian,armn:531-25 3-31 3-2 f584-4
        avestan,avst:10b00-35 4-6
        bali,balinese:1b00-4c 2-31
        bamu,bamum:a6a0-57 c109-238
        bass,bassavah:16ad0-1d 3-5
        batak,batk:1bc0-33 9-3
        beng,bengali:980-3 2-7 3-1 3-15 2-6 2 4-3 3-8 3-1 3-3 9 5-1 2-4 3-18
        bhaiksuki,bhks:11c00-8 2-2c 2-d b-1c
        bidic,bidicontrol:61c 19f2-1 1b-4 38-3
        bopo,bopomofo:2ea-1 2e1a-2a 71-1f
        brah,brahmi:11000-4d 5-23 a
        brai,braille:2800-ff
        bugi,buginese:1a00-1b 3-1
        buhd,buhid:1740-13
        canadianaboriginal,cans:1400-27f 231-45 101bb-f
        cari,carian:102a0-30
        aghb,caucasianalbanian:10530-33 c
        cakm,chakma:11100-34 2-11
        cham:aa00-36 a-d 3-9 3-3
        cher,cherokee:13a0-55 3-5 9773-4f
        chorasmian,chrs:10fb0-1b
        common,zyyy:0-40 1b-5 1b-2e 2-e 2-4 18 20 1c2-26 6-4 3-13 75 a 7 2 27e 7 f 4 21 9d 205 82-1 4da 196-3 123 5f0-2 48-1 cc-1 2 4ce e 8-3 2-5 2-2 3 306-b 3-56 2-a 4-a 2-e 12-20 40-25 2-2 3-5 2-1a 2-10 2a-2 5-299 17-a 16-39f 101-273 3-1f 2-68 201-5d 193-14 2 2-18 10-7 5-3 5c-1 4 5b-1 94-f 21-25 a 31-3f 20-50 30 59-a7 19c1-3f 5901-21 67-2 a6-9 f5 a1 18c f-1 51d3-1 d1-9 17-22 2-12 2-3 94 2-1f 1b-5 1b-a b 2e-1 41-6 2-6 b-4 103-2 5-2c 4-8 51-c 34-2c e5-1a b9a5-3 f5d-f9 7-1b3 9d-73 3d-f5 b-26 3-3d 4-10 9-1 8-1d 5-3c d6-13 d-13 d-56 a-18 88-54 2-46 2-1 3 3-1 3-3 2-b 2 2-6 2-40 2-3 3-7 2-6 2-1b 2-3 2-4 2 4-6 2-153 3-123 3-31 1472-43 4d-3c 2c3-2b 5-63 d-e 3-e 2-e 2-24 b-ad 39-19 2-1 e-2b 5-8 8-1 f-5 9b-3d7 5-10 4-c 4-76 5-5e 7-b 5 10-b 5-37 9-9 7-27 9-1d 3-b 5-1 3f-153 d-d 3-c 4-9 6-37 8-e 3-a 7-8 8-92 2-65 c0408 1f-5f
        copt,coptic,qaac:3e2-d 2891-73 6-6
        cuneiform,xsux:12000-399 67-6e 2-4 c-c3
        cprt,cypriot:10800-5 3 2-2b 2-1 4 3
        cpmn,cyprominoan:12f90-62
        cyrillic,cyrl:400-84 3-a8 1751-a a1 4d 1068-1f 7841-5f 578f-1 e201-3d 22
        dash:2d 55d 34 e42 406 80a-5 3e 28 10 187 c05 3 20-1 5 1d 1bf 14 70 cd91-1 26 b aa e61 13f
        defaultignorablecodepoint,di:ad 2a2 2cd b43-1 654-1 56-4 7fc-4 1b-4 32-f 10f5 cc9c-f f0 a1 50-8 bca8-3 14d0-7 c2e86-fff
        dep,deprecated:149 52a 904 2 82a-1 8c6-5 2ba-1 ddcd7
        deseret,dsrt:10400-4f
        deva,devanagari:900-50 5-e 3-19 9f61-1f 7201-9
        dia,diacritic:5e 2 48 7 5 3-1 1f8-9e 2-7 6-5 12-1 5 a-1 fe-4 d2 38-10 2-1a 2 2-1 2 87-7 5-1 87-1 5-1 4-2 44-1a 5c-a 3b-a 23-1 7f-7 2a-9 11-1b 3e 11 4-3 1d 4b 11 6f 11 6f 11 30-2 3d 11 8 78 6f 11 6f 11 6e-1 11 7d 70 d-5 2 6c e-4 4c-1 1c 2 2 5-1 43-2 2-1 3f 71 2-1 29-1 5-4 1a-6 2 b-1 2c2-2 3b5-1 1f 95-a a 15c-2 125 15-7 3 31-e 3-a 69 10 27-8 37-1 3b c-1 43-1 41-5 53-18 5 7 3-2 33-3e 5a-b 26-a 1be 2-2 c-2 e-2 e-2 e-1 cf1-2 13e 1fb-5 6a-3 60 7573 d-1 2 1d-1 53-1 f-21 67-2 6e-1 d 26 98 1c-11 3a-3 25 60 d 25 96-2 42-3 34 65-4 a-2 81-1 4f31 302-f 10f 2 30 2e-1 44 2fd 4a0-5 2-29 2-8 27e-2 5 a6-1 23c-5 27 1b-4 190-2 47-a 32-3 c1 2a 49-1 79-1 3f 4d a-2 69-1 b3-1 51-1 11 19-6 4-4 5a-2 2-1 e-1 60 4 7c-1 fc-1 7f 77-1 74 10e-1 103-1 5 9d 54 13 52 1a6 103 2-1 52 1aa-1 18 14ed-e 2cda 9c1-4 3c-6 235-1 223-10 51-1 3fff-3 2-6 2-1 1f02-2d 3-16 221-2 4-5 9-7 3-6 1f-3 e83-3d c3-6 178 3e-3 2ff-1 2e1-6 6e-2 2-2
        diak,divesakuru:11900-6 3 3-7 2-1 2-1d 2-1 3-b a-9
        dogr,dogra:11800-3b
        dupl,duployan:1bc00-6a 6-c 4-8 8-9 3-3
        egyp,egyptianhieroglyphs:13000-455 b-f9a
        elba,elbasan:10500-27
        elym,elymaic:10fe0-16
        emoji:23 7 6-9 70 5 1f8e d d9 17 5b-5 10-1 170-1 d a7 1a-a 5-2 c8 e8-1 b a 3b-3 2-4 a 3 3-1 3 5 3 2-1 3 4 4-1 9-2 6 2 6-b c-1 3 2-1 2 13 3-1 13-5 2 2-1 4-1 6 3-1 5-1 c-1 6-1 3 6-1 2 2-1 15-1 6-5 2-3 3 5 3 3-5 2 3 2 2 7 4 7 b-1 10 3 5 2 5-2 2 c-1 31-2 a f f 175-1 1d0-2 14-1 34 5 4db d 25a 2 1bd6b cb a1-1 d-1 f 3-9 4c-19 2-1 18 15 3-8 16-1 af-21 3-6f 3-1 2-2 3-52 3-2 2-106 2-3e c-5 2-17 8-1 3-7 d 3-3 3 5-1 e-1 3 9-1 a 6-2 d-2 9-2 3 2 5 7 4 7-55 31-45 6-7 3-2 5-9 4 2-1 4 3-9 e4-b 5 11c-2e 2-9 2-b8 71-c 4-9 6-37 8-e 3-a 7-8
        emod,emojimodifier:1f3fb-4
        ebase,emojimodifierbase:261d dc 11-3 1cc78 3d-2 3 3-2 76-1 3-a 16-12 4 5-2 2-2 8 2 19 ca-1 5 16 5-1 af-2 4-4 54 11-2 a c 240 3 9-7 7 a-9 3-2 39 3e-1 2-1 2 12-2 2-c e6-2 2b-8
        emojipresentation,epres:231a-1 ce-3 4 3 20a-1 16-1 33-b 2c 14 e 9-1 12-1 6-1 9 6 16 8-1 2 5 3 8 5-1 1d 24 2 5-2 2 3e-2 19 f 35c-1 34 5 1c4af cb bf 3-9 4c-19 2 19 15 3-4 2-2 16-1 af-20 d-8 2-45 2-15 d-2a 5-4 d-10 4 4-46 2 2-ba 3-3e e-3 2-17 13 1b-1 e 57-54 31-45 7 4-2 3-2 5-3 c-1 8-8 e4-b 5 11c-2e 2-9 2-b8 71-c 4-9 6-37 8-e 3-a 7-8
        ethi,ethiopic:1200-48 2-3 3-6 2 2-3 3-28 2-3 3-20 2-3 3-6 2 2-3 3-e 2-38 2-3 3-42 3-1f 4-19 19e7-16 a-6 2-6 2-6 2-6 2-6 2-6 2-6 2-6 7d23-5 3-5 3-5 a-6 2-6 13cb2-6 2-3 2-1 2-e
        extendedpictographic,extpict:a9 5 1f8e d d9 17 5b-5 10-1 170-1 d 60 47 1a-a 5-2 c8 e8-1 b a 3b-3 2-5 2-b 2-71 b-75 3-a 2 2 7 4 7 b-1 10 3 5 2 5-2 2 c-4 2e-2 a f f 175-1 1d0-2 14-1 34 5 4db d 25a 2 1bd67-ff e-2 20 3d-5 d-1 f 3-9 13-38 1c-e b 15 3-8 2-3 a-1b1 6-13d 9-109 31-7f 75-b 56-2a d-3 39-7 b-5 29-7 1f-51 d-2e 2-9 2-1b8 101-3fd
        ext,extender:b7 219-1 36f 1ba 277 8a 5a 2f1 80 944 39 264 18f 45 138a 2c-4 68-1 5e-2 6f17 5f7 3c3 17 8a 6d 16-1 547c 811-1 5cc 1c 5 4c8 126 75-1 1f3-2 4d0 50aa-1 49d-1 2 7159-1 4b2 355-2
        gara,garay:10d40-25 4-1c 9-1
        geor,georgian:10a0-25 2 6 3-2a 2-3 b91-2a 3-2 1041-25 2 6
        glag,glagolitic:2c00-5f 1b3a1-6 2-10 3-6 2-1 2-4
        goth,gothic:10330-1a
        gran,grantha:11300-3 2-7 3-1 3-15 2-6 2-1 2-4 3-8 3-1 3-2 3 7 6-6 3-6 4-4
        graphemelink,grlink:94d 80 80 80 80 80 80 80 6e-1 11 7d 70 80 ca b5-1 6da-1 1f 9e 28e e4 66-1 47-1 118c 7a87 26 98 8f 6d 136 f7 5e52 607 2a f 3a 7a-1 8c 75 b5 63 81-2 72 80 fd 80 77 75 10e 104-1 a2 54 13 52 1a6 105-1 52 1aa-1 41ed
        greek,grek:370-3 2-2 3-3 2 5 2 2-2 2 2-13 2-3e f-f 1927-4 33-4 5-4 55 141-15 3-5 3-25 3-5 3-7 2 2 2 2-1e 3-34 2-e 2-d 3-5 2-12 3-2 2-8 128 8a3f 55db-4e 12 d060-45
        gujarati,gujr:a81-2 2-8 2-2 2-15 2-6 2-1 2-4 3-9 2-2 2-2 3 10-3 3-b 8-6
        gong,gunjalagondi:11d60-5 2-1 2-24 2-1 2-5 8-9
        gurmukhi,guru:a01-2 2-5 5-1 3-15 2-6 2-1 2-1 2-1 3 2-4 5-1 3-2 4 8-3 2 8-10
        gukh,gurungkhema:16100-39
        han,hani:2e80-19 2-58 d-d5 30 2 1a-8 f-3 3c5-19bf 41-51ff 5901-16d 3-69 7509-1 d-1 900f-a6df 21-1039 7-dd 3-1681 f-1d30 10-26d 9a3-21d 5e3-134a 6-105f
        hang,hangul:1100-ff 1e2f-1 102-5d 72-1e 42-1e 76e2-1c 284-2ba3 d-16 5-30 27a5-1e 4-5 3-5 3-5 3-2
        hanifirohingya,rohg:10d00-27 9-9
        hano,hanunoo:1720-14
        hatr,hatran:108e0-12 2-1 6-4
        hebr,hebrew:591-36 9-1a 5-5 f529-19 2-4 2 2-1 2-1 2-9
        hex,hexdigit:30-9 8-5 1b-5 feaa-9 8-5 1b-5
        hira,hiragana:3041-55 7-2 17f62-11e 13 1e-2 40ae
        hyphen:2d 80 4dd 127c 80a-1 e06 2e4 cd68 aa 58
        idsb,idsbinaryoperator:2ff0-1 3-9 1f2
        idst,idstrinaryoperator:2ff2-1
        idsu,idsunaryoperator:2ffe-1
        ideo,ideographic:3006-1 1a-8 f-2 3c6-19bf 41-51ff 5901-16d 3-69 750b 1c-17f7 9-4d5 2a-9 2468-18b 4d05-a6df 21-1039 7-dd 3-1681 f-1d30 10-26d 9a3-21d 5e3-134a 6-105f
        armi,imperialaramaic:10840-15 2-8
        inherited,qaai,zinh:300-6f 116-1 1c5-a 1b 2e1-3 115c-1e 202-2 2-c 2-6 5 7 4-1 c7-3f 20d-1 c3-20 f3a-3 6c-1 cd66-f 11-d 3d0 e3 105b bbc5-2d 3-16 221-2 12-7 3-6 1f-3 c2f53-ef
        inscriptionalpahlavi,phli:10b60-12 6-7
        inscriptionalparthian,prti:10b40-15 3-7
        java,javanese:a980-4d 3-9 5-1
        joinc,joincontrol:200c-1
        kaithi,kthi:11080-42 b
        kannada,knda:c80-c 2-2 2-16 2-9 2-4 3-8 2-2 2-3 8-1 7-1 2-3 3-9 2-2
        kana,katakana:30a1-59 3-2 f1-f d1-2e 2-57 cc0f-9 2-2c b053-3 2-6 2-1 2 120-2 33 f-3
        kawi:11f00-10 2-28 4-1c
        kali,kayahli:a900-2d 2
        khar,kharoshthi:10a00-3 2-1 6-7 2-2 2-1c 3-2 5-9 8-8
        khitansmallscript,kits:16fe4 1b1c-1d5 2a
        khmer,khmr:1780-5d 3-9 7-9 1e7-1f
        khoj,khojki:11200-11 2-2e
        khudawadi,sind:112b0-3a 6-9
        kiratrai,krai:16d40-39
        lao,laoo:e81-1 2 2-4 2-17 2 2-16 3-4 2 2-6 2-9 3-3
        latin,latn:41-19 7-19 30 10 6-16 2-1e 2-1c0 28-4 1a1c-25 7-30 6-3 6-c 2-45 42-ff 172 e 11-c 8e-1 7 1c 12-28 ad8-1f 7aa3-65 4-42 3-1 2 2-7 16-d 331-2a 2-8 2-3 4f97-6 41b-19 7-19 826-5 2-29 2-8 d746-1e 7-5
        lepc,lepcha:1c00-37 4-e 4-2
        limb,limbu:1900-1e 2-b 5-b 5 4-b
        lina,lineara:10600-136 a-15 b-7
        linb,linearb:10000-b 2-19 2-12 2-1 2-e 3-d 23-7a
        lisu:a4d0-2f 7ab1
        loe,logicalorderexception:e40-4 7c-4 af1-2 3 90fb-1 3 2-1
        lyci,lycian:10280-1c
        lydi,lydian:10920-19 6
        mahajani,mahj:11150-26
        maka,makasar:11ee0-18
        malayalam,mlym:d00-c 2-2 2-32 2-2 2-5 5-f 3-19
        mand,mandaic:840-1b 3
        mani,manichaean:10ac0-26 5-b
        marc,marchen:11c70-1f 3-15 2-d
        gonm,masaramgondi:11d00-6 2-1 2-2b 4 2-1 2-8 9-9
        medefaidrin,medf:16e40-5a
        meeteimayek,mtei:aae0-16 ca-2d 3-9
        mend,mendekikakui:1e800-c4 3-f
        merc,meroiticcursive:109a0-17 5-13 3-2d
        mero,meroitichieroglyphs:10980-1f
        miao,plrd:16f00-4a 5-38 8-10
        modi:11600-44 c-9
        mcm,modifiercombiningmark:654-1 3 84 7 4-1 1e2-1 2-2 4 20
        mong,mongolian:1800-1 3 2-13 7-58 8-2a fdb6-c
        mro,mroo:16a40-1e 2-9 5-1
        mult,multani:11280-6 2 2-3 2-e 2-a
        myanmar,mymr:1000-9f 9941-1e 62-1f 6c51-13
        nabataean,nbat:10880-1e 9-8
        nagm,nagmundari:1e4d0-29
        nand,nandinagari:119a0-7 3-2d 3-a
        newtailue,talu:1980-2b 5-19 7-a 4-1
        newa:11400-5b 2-4
        nko,nkoo:7c0-3a 3-2
        nchar,noncharactercodepoint:fdd0-1f 20f-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1 ffff-1
        nshu,nushu:16fe1 418f-18b
        hmnp,nyiakengpuachuehmong:1e100-2c 4-d 3-9 5-1
        ogam,ogham:1680-1c
        olchiki,olck:1c50-2f
        olonal,onao:1e5d0-2a 5
        hung,oldhungarian:10c80-32 e-32 8-5
        ital,olditalic:10300-23 a-2
        narb,oldnortharabian:10a80-1f
        oldpermic,perm:10350-2a
        oldpersian,xpeo:103a0-23 5-d
        oldsogdian,sogo:10f00-27
        oldsoutharabian,sarb:10a60-1f
        oldturkic,orkh:10c00-48
        olduyghur,ougr:10f70-19
        oriya,orya:b01-2 2-7 3-1 3-15 2-6 2-1 2-4 3-8 3-1 3-2 8-2 5-1 2-4 3-11
        osage,osge:104b0-23 5-23
        osma,osmanya:10480-1d 3-9
        oalpha,otheralphabetic:345 1e-c 241-d 2 2-1 2-1 2 49-a 31-c 2-6 11 66-6 5-3 3-1 5 24 1f-f 67-a 66-1 4-8 2-2 2-3 6b 3d-b 4-6 7-13 37-1 3-e 2-1 6-2 b-1 1e-2 3b-6 3-1 3-1 b b-1 1e-2 3b-4 5-1 3-1 5 1f-1 4 c-2 3b-7 2-2 2-1 16-1 17-2 5-2 3b-6 3-1 3-1 a-1 b-1 1f 3c-4 4-2 2-2 b 29-4 3a-6 2-2 2-2 9-1 c-1 1e-2 3b-6 2-2 2-2 9-1 c-1 10 d-3 3b-6 2-2 2-2 b b-1 1e-2 4c-5 2 2-7 13-1 3e 3-6 13 64 3-5 2-1 11 a4-12 a-a 2-23 6f-b 2 3-3 18-3 5-2 2-2 3-6 4-3 e-b 2 b-3 675-1 1f-1 1f-1 1f-1 43-12 bd-1 23 77-b 5-8 df-4 3a-9 3-13 4b-1 c-2 32-4 31-e 3d-2 1f-8 3-1 3a-a 33-12 19d-21 6c2-33 8f7-1f 7875-7 23-1 163 9 18-4 59-1 33-f 2 3a 27-4 1d-b 2e-3 31-b 26 44-d d 9-1 2e-2 33 2-2 3-1 6 2d-4 6 ee-7 4f34 858-4 687-2 2-1 6-3 315-3 42 142-1 50 104-2 36-d 2e-1 c-2 2e-8 a 3e-2 25-b 13-1 3a-2 31-c f-1 5d-8 3 7 3 9e-9 18-3 3b-6 3-1 3-1 b b-1 55-8 2 3 2-3 2-1 68-c 2-2 6b-11 ee-6 3-6 1e-1 53-e 2 6b-a 68-d 102-c f8-5 2-1 3-1 4 2 8f-6 3-5 5 1d-9 2b-4 2-3 13-a 2f-d 198-7 2-6 54-15 2-d 7b-5 4 2-1 2-2 2 4 43-4 2-1 2-3 15d-3 a-1 2 31-6 4-2 41de-10 e21 2-36 8-3 5e-1 4cad 2362-6 2-10 3-6 2-1 2-4 65 8b8 7e9-19 7-19 7-19
        olower,otherlowercase:aa 10 1f6-8 8-1 1f-4 61 35 d82 c30-3e e 23-24 2b2 e 11-c d4-f 351-19 793-1 7a1f-1 d3 82-2 4-1 363-3 a 5c17 3-2 2-29 2-8 d876-3d
        otheruppercase,oupper:2160-f 347-19 1cc61-19 7-19 7-19
        hmng,pahawhhmong:16b00-45 b-9 2-6 2-14 6-12
        palm,palmyrene:10860-1f
        pauc,paucinhau:11ac0-38
        phag,phagspa:a840-37
        phnx,phoenician:10900-1b 4
        pcm,prependedconcatenationmark:600-5 d8 32 181-1 51 107db 10
        phlp,psalterpahlavi:10b80-11 8-3 d-6
        qmark,quotationmark:22 5 84 10 1f5d-7 1a-1 e08 1ca-3 e-2 ce22-3 be 5 5b-1
        radical:2e80-19 2-58 d-d5
        regionalindicator,ri:1f1e6-19
        rejang,rjng:a930-23 c
        runic,runr:16a0-4a 4-a
        samaritan,samr:800-2d 3-e
        saur,saurashtra:a880-45 9-b
        sentenceterminal,sterm:21 d 11 54a 94-2 b5 2c-2 f7 3e 2 4-1 126-1 6e5-1 317 5-1 306 c7-1 9e-1 2e 6 13b-1 163-3 a3-1 b-1 3-1 1e-2 bc-1 42-1 3a5 18-1 a-2 cb0-2 133 e 17-1 1ae 74fd 10f-1 e4 4 17f-1 57-1 60 99-1 94-2 91-1 fa 5227 3-1 3c 4-1 aa d 11 42 af5-1 4fe-4 2d-3 be-1 76-3 80-2 82-1 7 11-1 59-1 2-1 6d 12b-1 76-1 176-1 6-e 6a-1 fa-2 206 2 fc-1 58-1 1a5-1 2b5-1 4b-1 4b2a-1 86 42-1 c 22a-1 129 4e07 1de9
        sharada,shrd:11180-5f
        shavian,shaw:10450-2f
        sidd,siddham:11580-35 3-25
        sgnw,signwriting:1d800-28b 10-4 2-e
        sinh,sinhala:d81-2 2-11 4-17 2-8 2 3-6 4 5-5 2 2-7 7-9 3-2 103ed-13
        sd,softdotted:69-1 c5 11a 1f 35 15 141 63 2 190a 34 e 4 85 9e 1a6 d7-1 b33 1a7a6-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 33-1 887 132-1 1b
        sogd,sogdian:10f30-29
        sora,sorasompeng:110d0-18 8-9
        soyo,soyombo:11a50-52
        sund,sundanese:1b80-3f 101-7
        sunu,sunuwar:11bc0-21 f-9
        sylo,sylotinagri:a800-2c
        syrc,syriac:700-d 2-3b 3-2 111-a
        tagalog,tglg:1700-15 a
        tagb,tagbanwa:1760-c 2-2 2-1
        taile,tale:1950-1d 3-4
        lana,taitham:1a20-3e 2-1c 3-a 7-9 7-d
        taiviet,tavt:aa80-42 19-4
        takr,takri:11680-39 7-9
        tamil,taml:b82-1 2-5 4-2 2-3 4-1 2 2-1 4-1 4-2 4-b 5-4 4-2 2-3 3 7 f-14 113c6-31 e
        tangsa,tnsa:16a70-4e 2-9
        tang,tangut:16fe0 20-17f7 9-2ff 201-8
        telu,telugu:c00-c 2-2 2-16 2-f 3-8 2-2 2-3 8-1 2-2 3 3-3 3-9 8-8
        term,terminalpunctuation:21 b 2 c-1 4 33f 9 202 3a 49 f 2-2 b5 2c-a 2 ec-1 37-5 2-7 20 106-1 4f5-1 ad 5-5 138-1 316-7 306 7d-2 48-1 9e-2 4 28-3 3-1 13b-1 163-3 a3-1 b-1 2-2 1e-2 bc-4 3f-1 3a5 18-1 a-2 cb0-2 133 e 5 b 2-1 4-1 1ad-1 74fc-1 10e-2 e4-4 17f-1 57-1 60 98-2 94-2 80 11-1 fa 5227 3-1 3a-2 2-3 aa b 2 c-1 4 42 3 43b 31 487 c8 137-1 99-5 45-5 5a-3 3b9-4 2d-3 be-6 71-3 80-2 82-1 7 11-1 59-4 6d 12b-1 76-2 d-1 167-3 4-e 6a-1 fa-2 206 2 fc-1 58-1 5-1 19f-2 2e 286-1 4b-1 52c-4 45fa-1 86 42-2 b 22a-1 128-1 4e07 1de8-3
        thaa,thaana:780-31
        thai:e01-39 6-1b
        tibetan,tibt:f00-47 2-23 5-26 2-23 2-e 2-6 5-1
        tfng,tifinagh:2d30-37 8-1 f
        tirh,tirhuta:11480-47 9-9
        todhri,todr:105c0-33
        toto:1e290-1e
        tulutigalari,tutg:11380-9 2 3 2-25 2-9 2 3 2-3 2-9 2-1 9-1
        ugar,ugaritic:10380-1d 2
        uideo,unifiedideograph:3400-19bf 41-51ff 5a0f-1 2 2-1 b 2 2-1 3-2 105d7-a6df 21-1039 7-dd 3-1681 f-1d30 10-26d 11a3-134a 6-105f
        vai,vaii:a500-12b
        variationselector,vs:180b-2 2 e5f1-f d02f1-ef
        vith,vithkuqi:10570-a 2-e 2-6 2-1 2-a 2-e 2-6 2-1
        wancho,wcho:1e2c0-39 6
        wara,warangciti:118a0-52 d
        yezi,yezidi:10e80-29 2-2 3-1
        yi,yiii:a000-48c 4-36
        zanabazarsquare,zanb:11a00-47
        """;
}
