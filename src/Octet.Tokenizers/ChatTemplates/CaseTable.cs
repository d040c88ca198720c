using System.Globalization;
using System.Text;

namespace Octet.Tokenizers.ChatTemplates;

/// <summary>
/// What each code point becomes in upper, lower or title case, or when cases are folded: of Unicode 14.0 (UnicodeData, SpecialCasing and
/// CaseFolding without conditions), as Python 3.11 has it. .NET's own tables have one code point for each, of the version of Unicode that the
/// machine's ICU has. The tables are made by <c>make-unicode-14.py</c> beside the tests.
/// </summary>
sealed class CaseTable
{
    /// <summary>Code points of one page share the answer to whether any of them is in the table.</summary>
    const int PageBits = 8;

    readonly Dictionary<int, string> _changes;
    readonly bool[] _pages = new bool[0x110000 >> PageBits];

    /// <param name="runs"><c>first[-last[/]]:target</c> in hexadecimal: of these code points, every second with a slash, each becomes the target and those that follow it.</param>
    /// <param name="longer">Code points, each with the text that it becomes.</param>
    /// <param name="basis">A table whose other entries hold here too.</param>
    CaseTable(string runs, string longer, CaseTable? basis = null)
    {
        _changes = basis is null ? [] : new(basis._changes);
        foreach (string run in runs.Split(' '))
        {
            int[] numbers = [.. run.Split('-', '/', ':').Where(static part => part.Length > 0).Select(static part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            int stride = run.Contains('/', StringComparison.Ordinal) ? 2 : 1;
            for (int point = numbers[0]; point <= numbers[^2]; point += stride)
            {
                _changes[point] = char.ConvertFromUtf32(numbers[^1] + point - numbers[0]);
            }
        }

        foreach (string entry in longer.Split(' '))
        {
            _changes[entry[0]] = entry[1..];
        }

        foreach (int point in _changes.Keys)
        {
            _pages[point >> PageBits] = true;
        }
    }

    internal static CaseTable Upper { get; } = new(
        "61-7a:41 b5:39c e0-f6:c0 f8-fe:d8 ff:178 101-12f/:100 131:49 133-137/:132 13a-148/:139 14b-177/:14a 17a-17e/:179 17f:53 180:243 183-185/:182 188:187 "
            + "18c:18b 192:191 195:1f6 199:198 19a:23d 19e:220 1a1-1a5/:1a0 1a8:1a7 1ad:1ac 1b0:1af 1b4-1b6/:1b3 1b9:1b8 1bd:1bc 1bf:1f7 1c5:1c4 1c6:1c4 1c8:1c7 "
            + "1c9:1c7 1cb:1ca 1cc:1ca 1ce-1dc/:1cd 1dd:18e 1df-1ef/:1de 1f2:1f1 1f3:1f1 1f5:1f4 1f9-21f/:1f8 223-233/:222 23c:23b 23f-240:2c7e 242:241 247-24f/:246 "
            + "250:2c6f 251:2c6d 252:2c70 253:181 254:186 256-257:189 259:18f 25b:190 25c:a7ab 260:193 261:a7ac 263:194 265:a78d 266:a7aa 268:197 269:196 26a:a7ae "
            + "26b:2c62 26c:a7ad 26f:19c 271:2c6e 272:19d 275:19f 27d:2c64 280:1a6 282:a7c5 283:1a9 287:a7b1 288:1ae 289:244 28a-28b:1b1 28c:245 292:1b7 29d:a7b2 "
            + "29e:a7b0 345:399 371-373/:370 377:376 37b-37d:3fd 3ac:386 3ad-3af:388 3b1-3c1:391 3c2:3a3 3c3-3cb:3a3 3cc:38c 3cd-3ce:38e 3d0:392 3d1:398 3d5:3a6 "
            + "3d6:3a0 3d7:3cf 3d9-3ef/:3d8 3f0:39a 3f1:3a1 3f2:3f9 3f3:37f 3f5:395 3f8:3f7 3fb:3fa 430-44f:410 450-45f:400 461-481/:460 48b-4bf/:48a 4c2-4ce/:4c1 "
            + "4cf:4c0 4d1-52f/:4d0 561-586:531 10d0-10fa:1c90 10fd-10ff:1cbd 13f8-13fd:13f0 1c80:412 1c81:414 1c82:41e 1c83-1c84:421 1c85:422 1c86:42a 1c87:462 "
            + "1c88:a64a 1d79:a77d 1d7d:2c63 1d8e:a7c6 1e01-1e95/:1e00 1e9b:1e60 1ea1-1eff/:1ea0 1f00-1f07:1f08 1f10-1f15:1f18 1f20-1f27:1f28 1f30-1f37:1f38 "
            + "1f40-1f45:1f48 1f51-1f57/:1f59 1f60-1f67:1f68 1f70-1f71:1fba 1f72-1f75:1fc8 1f76-1f77:1fda 1f78-1f79:1ff8 1f7a-1f7b:1fea 1f7c-1f7d:1ffa "
            + "1fb0-1fb1:1fb8 1fbe:399 1fd0-1fd1:1fd8 1fe0-1fe1:1fe8 1fe5:1fec 214e:2132 2170-217f:2160 2184:2183 24d0-24e9:24b6 2c30-2c5f:2c00 2c61:2c60 2c65:23a "
            + "2c66:23e 2c68-2c6c/:2c67 2c73:2c72 2c76:2c75 2c81-2ce3/:2c80 2cec-2cee/:2ceb 2cf3:2cf2 2d00-2d25:10a0 2d27:10c7 2d2d:10cd a641-a66d/:a640 "
            + "a681-a69b/:a680 a723-a72f/:a722 a733-a76f/:a732 a77a-a77c/:a779 a77f-a787/:a77e a78c:a78b a791-a793/:a790 a794:a7c4 a797-a7a9/:a796 a7b5-a7c3/:a7b4 "
            + "a7c8-a7ca/:a7c7 a7d1:a7d0 a7d7-a7d9/:a7d6 a7f6:a7f5 ab53:a7b3 ab70-abbf:13a0 ff41-ff5a:ff21 10428-1044f:10400 104d8-104fb:104b0 10597-105bb/:10570 "
            + "10598-105a0/:10571 105a4-105b0/:1057d 105b4-105b8/:1058d 105bc:10595 10cc0-10cf2:10c80 118c0-118df:118a0 16e60-16e7f:16e40 1e922-1e943:1e900",
        "\u00dfSS \u0149\u02bcN \u01f0J\u030c \u0390\u0399\u0308\u0301 \u03b0\u03a5\u0308\u0301 \u0587\u0535\u0552 \u1e96H\u0331 \u1e97T\u0308 \u1e98W\u030a "
            + "\u1e99Y\u030a \u1e9aA\u02be \u1f50\u03a5\u0313 \u1f52\u03a5\u0313\u0300 \u1f54\u03a5\u0313\u0301 \u1f56\u03a5\u0313\u0342 \u1f80\u1f08\u0399 "
            + "\u1f81\u1f09\u0399 \u1f82\u1f0a\u0399 \u1f83\u1f0b\u0399 \u1f84\u1f0c\u0399 \u1f85\u1f0d\u0399 \u1f86\u1f0e\u0399 \u1f87\u1f0f\u0399 "
            + "\u1f88\u1f08\u0399 \u1f89\u1f09\u0399 \u1f8a\u1f0a\u0399 \u1f8b\u1f0b\u0399 \u1f8c\u1f0c\u0399 \u1f8d\u1f0d\u0399 \u1f8e\u1f0e\u0399 "
            + "\u1f8f\u1f0f\u0399 \u1f90\u1f28\u0399 \u1f91\u1f29\u0399 \u1f92\u1f2a\u0399 \u1f93\u1f2b\u0399 \u1f94\u1f2c\u0399 \u1f95\u1f2d\u0399 "
            + "\u1f96\u1f2e\u0399 \u1f97\u1f2f\u0399 \u1f98\u1f28\u0399 \u1f99\u1f29\u0399 \u1f9a\u1f2a\u0399 \u1f9b\u1f2b\u0399 \u1f9c\u1f2c\u0399 "
            + "\u1f9d\u1f2d\u0399 \u1f9e\u1f2e\u0399 \u1f9f\u1f2f\u0399 \u1fa0\u1f68\u0399 \u1fa1\u1f69\u0399 \u1fa2\u1f6a\u0399 \u1fa3\u1f6b\u0399 "
            + "\u1fa4\u1f6c\u0399 \u1fa5\u1f6d\u0399 \u1fa6\u1f6e\u0399 \u1fa7\u1f6f\u0399 \u1fa8\u1f68\u0399 \u1fa9\u1f69\u0399 \u1faa\u1f6a\u0399 "
            + "\u1fab\u1f6b\u0399 \u1fac\u1f6c\u0399 \u1fad\u1f6d\u0399 \u1fae\u1f6e\u0399 \u1faf\u1f6f\u0399 \u1fb2\u1fba\u0399 \u1fb3\u0391\u0399 "
            + "\u1fb4\u0386\u0399 \u1fb6\u0391\u0342 \u1fb7\u0391\u0342\u0399 \u1fbc\u0391\u0399 \u1fc2\u1fca\u0399 \u1fc3\u0397\u0399 \u1fc4\u0389\u0399 "
            + "\u1fc6\u0397\u0342 \u1fc7\u0397\u0342\u0399 \u1fcc\u0397\u0399 \u1fd2\u0399\u0308\u0300 \u1fd3\u0399\u0308\u0301 \u1fd6\u0399\u0342 "
            + "\u1fd7\u0399\u0308\u0342 \u1fe2\u03a5\u0308\u0300 \u1fe3\u03a5\u0308\u0301 \u1fe4\u03a1\u0313 \u1fe6\u03a5\u0342 \u1fe7\u03a5\u0308\u0342 "
            + "\u1ff2\u1ffa\u0399 \u1ff3\u03a9\u0399 \u1ff4\u038f\u0399 \u1ff6\u03a9\u0342 \u1ff7\u03a9\u0342\u0399 \u1ffc\u03a9\u0399 \ufb00FF \ufb01FI \ufb02FL "
            + "\ufb03FFI \ufb04FFL \ufb05ST \ufb06ST \ufb13\u0544\u0546 \ufb14\u0544\u0535 \ufb15\u0544\u053b \ufb16\u054e\u0546 \ufb17\u0544\u053d");

    internal static CaseTable Lower { get; } = new(
        "41-5a:61 c0-d6:e0 d8-de:f8 100-12e/:101 132-136/:133 139-147/:13a 14a-176/:14b 178:ff 179-17d/:17a 181:253 182-184/:183 186:254 187:188 189-18a:256 "
            + "18b:18c 18e:1dd 18f:259 190:25b 191:192 193:260 194:263 196:269 197:268 198:199 19c:26f 19d:272 19f:275 1a0-1a4/:1a1 1a6:280 1a7:1a8 1a9:283 1ac:1ad "
            + "1ae:288 1af:1b0 1b1-1b2:28a 1b3-1b5/:1b4 1b7:292 1b8:1b9 1bc:1bd 1c4:1c6 1c5:1c6 1c7:1c9 1c8:1c9 1ca:1cc 1cb-1db/:1cc 1de-1ee/:1df 1f1:1f3 "
            + "1f2-1f4/:1f3 1f6:195 1f7:1bf 1f8-21e/:1f9 220:19e 222-232/:223 23a:2c65 23b:23c 23d:19a 23e:2c66 241:242 243:180 244:289 245:28c 246-24e/:247 "
            + "370-372/:371 376:377 37f:3f3 386:3ac 388-38a:3ad 38c:3cc 38e-38f:3cd 391-3a1:3b1 3a3-3ab:3c3 3cf:3d7 3d8-3ee/:3d9 3f4:3b8 3f7:3f8 3f9:3f2 3fa:3fb "
            + "3fd-3ff:37b 400-40f:450 410-42f:430 460-480/:461 48a-4be/:48b 4c0:4cf 4c1-4cd/:4c2 4d0-52e/:4d1 531-556:561 10a0-10c5:2d00 10c7:2d27 10cd:2d2d "
            + "13a0-13ef:ab70 13f0-13f5:13f8 1c90-1cba:10d0 1cbd-1cbf:10fd 1e00-1e94/:1e01 1e9e:df 1ea0-1efe/:1ea1 1f08-1f0f:1f00 1f18-1f1d:1f10 1f28-1f2f:1f20 "
            + "1f38-1f3f:1f30 1f48-1f4d:1f40 1f59-1f5f/:1f51 1f68-1f6f:1f60 1f88-1f8f:1f80 1f98-1f9f:1f90 1fa8-1faf:1fa0 1fb8-1fb9:1fb0 1fba-1fbb:1f70 1fbc:1fb3 "
            + "1fc8-1fcb:1f72 1fcc:1fc3 1fd8-1fd9:1fd0 1fda-1fdb:1f76 1fe8-1fe9:1fe0 1fea-1feb:1f7a 1fec:1fe5 1ff8-1ff9:1f78 1ffa-1ffb:1f7c 1ffc:1ff3 2126:3c9 "
            + "212a:6b 212b:e5 2132:214e 2160-216f:2170 2183:2184 24b6-24cf:24d0 2c00-2c2f:2c30 2c60:2c61 2c62:26b 2c63:1d7d 2c64:27d 2c67-2c6b/:2c68 2c6d:251 "
            + "2c6e:271 2c6f:250 2c70:252 2c72:2c73 2c75:2c76 2c7e-2c7f:23f 2c80-2ce2/:2c81 2ceb-2ced/:2cec 2cf2:2cf3 a640-a66c/:a641 a680-a69a/:a681 "
            + "a722-a72e/:a723 a732-a76e/:a733 a779-a77b/:a77a a77d:1d79 a77e-a786/:a77f a78b:a78c a78d:265 a790-a792/:a791 a796-a7a8/:a797 a7aa:266 a7ab:25c "
            + "a7ac:261 a7ad:26c a7ae:26a a7b0:29e a7b1:287 a7b2:29d a7b3:ab53 a7b4-a7c2/:a7b5 a7c4:a794 a7c5:282 a7c6:1d8e a7c7-a7c9/:a7c8 a7d0:a7d1 "
            + "a7d6-a7d8/:a7d7 a7f5:a7f6 ff21-ff3a:ff41 10400-10427:10428 104b0-104d3:104d8 10570-10594/:10597 10571-10579/:10598 1057d-10589/:105a4 "
            + "1058d-10591/:105b4 10595:105bc 10c80-10cb2:10cc0 118a0-118bf:118c0 16e40-16e5f:16e60 1e900-1e921:1e922",
        "\u0130i\u0307");

    internal static CaseTable Title { get; } = new(
        "1c4:1c5 1c5:1c5 1c6:1c5 1c7:1c8 1c8:1c8 1c9:1c8 1ca:1cb 1cb:1cb 1cc:1cb 1f1:1f2 1f2:1f2 1f3:1f2 10d0-10fa:10d0 10fd-10ff:10fd 1f80-1f87:1f88 "
            + "1f88-1f8f:1f88 1f90-1f97:1f98 1f98-1f9f:1f98 1fa0-1fa7:1fa8 1fa8-1faf:1fa8 1fb3:1fbc 1fbc:1fbc 1fc3:1fcc 1fcc:1fcc 1ff3:1ffc 1ffc:1ffc",
        "\u00dfSs \u0587\u0535\u0582 \u1fb2\u1fba\u0345 \u1fb4\u0386\u0345 \u1fb7\u0391\u0342\u0345 \u1fc2\u1fca\u0345 \u1fc4\u0389\u0345 "
            + "\u1fc7\u0397\u0342\u0345 \u1ff2\u1ffa\u0345 \u1ff4\u038f\u0345 \u1ff7\u03a9\u0342\u0345 \ufb00Ff \ufb01Fi \ufb02Fl \ufb03Ffi \ufb04Ffl \ufb05St "
            + "\ufb06St \ufb13\u0544\u0576 \ufb14\u0544\u0565 \ufb15\u0544\u056b \ufb16\u054e\u0576 \ufb17\u0544\u056d",
        Upper);

    internal static CaseTable Folded { get; } = new(
        "b5:3bc 17f:73 345:3b9 3c2:3c3 3d0:3b2 3d1:3b8 3d5:3c6 3d6:3c0 3f0:3ba 3f1:3c1 3f5:3b5 13a0-13f5:13a0 13f8-13fd:13f0 1c80:432 1c81:434 1c82:43e "
            + "1c83-1c84:441 1c85:442 1c86:44a 1c87:463 1c88:a64b 1e9b:1e61 1fbe:3b9 ab70-abbf:13a0",
        "\u00dfss \u0149\u02bcn \u01f0j\u030c \u0390\u03b9\u0308\u0301 \u03b0\u03c5\u0308\u0301 \u0587\u0565\u0582 \u1e96h\u0331 \u1e97t\u0308 \u1e98w\u030a "
            + "\u1e99y\u030a \u1e9aa\u02be \u1e9ess \u1f50\u03c5\u0313 \u1f52\u03c5\u0313\u0300 \u1f54\u03c5\u0313\u0301 \u1f56\u03c5\u0313\u0342 \u1f80\u1f00\u03b9 "
            + "\u1f81\u1f01\u03b9 \u1f82\u1f02\u03b9 \u1f83\u1f03\u03b9 \u1f84\u1f04\u03b9 \u1f85\u1f05\u03b9 \u1f86\u1f06\u03b9 \u1f87\u1f07\u03b9 "
            + "\u1f88\u1f00\u03b9 \u1f89\u1f01\u03b9 \u1f8a\u1f02\u03b9 \u1f8b\u1f03\u03b9 \u1f8c\u1f04\u03b9 \u1f8d\u1f05\u03b9 \u1f8e\u1f06\u03b9 "
            + "\u1f8f\u1f07\u03b9 \u1f90\u1f20\u03b9 \u1f91\u1f21\u03b9 \u1f92\u1f22\u03b9 \u1f93\u1f23\u03b9 \u1f94\u1f24\u03b9 \u1f95\u1f25\u03b9 "
            + "\u1f96\u1f26\u03b9 \u1f97\u1f27\u03b9 \u1f98\u1f20\u03b9 \u1f99\u1f21\u03b9 \u1f9a\u1f22\u03b9 \u1f9b\u1f23\u03b9 \u1f9c\u1f24\u03b9 "
            + "\u1f9d\u1f25\u03b9 \u1f9e\u1f26\u03b9 \u1f9f\u1f27\u03b9 \u1fa0\u1f60\u03b9 \u1fa1\u1f61\u03b9 \u1fa2\u1f62\u03b9 \u1fa3\u1f63\u03b9 "
            + "\u1fa4\u1f64\u03b9 \u1fa5\u1f65\u03b9 \u1fa6\u1f66\u03b9 \u1fa7\u1f67\u03b9 \u1fa8\u1f60\u03b9 \u1fa9\u1f61\u03b9 \u1faa\u1f62\u03b9 "
            + "\u1fab\u1f63\u03b9 \u1fac\u1f64\u03b9 \u1fad\u1f65\u03b9 \u1fae\u1f66\u03b9 \u1faf\u1f67\u03b9 \u1fb2\u1f70\u03b9 \u1fb3\u03b1\u03b9 "
            + "\u1fb4\u03ac\u03b9 \u1fb6\u03b1\u0342 \u1fb7\u03b1\u0342\u03b9 \u1fbc\u03b1\u03b9 \u1fc2\u1f74\u03b9 \u1fc3\u03b7\u03b9 \u1fc4\u03ae\u03b9 "
            + "\u1fc6\u03b7\u0342 \u1fc7\u03b7\u0342\u03b9 \u1fcc\u03b7\u03b9 \u1fd2\u03b9\u0308\u0300 \u1fd3\u03b9\u0308\u0301 \u1fd6\u03b9\u0342 "
            + "\u1fd7\u03b9\u0308\u0342 \u1fe2\u03c5\u0308\u0300 \u1fe3\u03c5\u0308\u0301 \u1fe4\u03c1\u0313 \u1fe6\u03c5\u0342 \u1fe7\u03c5\u0308\u0342 "
            + "\u1ff2\u1f7c\u03b9 \u1ff3\u03c9\u03b9 \u1ff4\u03ce\u03b9 \u1ff6\u03c9\u0342 \u1ff7\u03c9\u0342\u03b9 \u1ffc\u03c9\u03b9 \ufb00ff \ufb01fi \ufb02fl "
            + "\ufb03ffi \ufb04ffl \ufb05st \ufb06st \ufb13\u0574\u0576 \ufb14\u0574\u0565 \ufb15\u0574\u056b \ufb16\u057e\u0576 \ufb17\u0574\u056d",
        Lower);

    /// <summary>What the code point at an offset becomes: itself, if it is not in the table.</summary>
    internal ReadOnlySpan<char> Of(ReadOnlySpan<char> text, int at, out int width)
    {
        Rune point = CodePoints.RuneAt(text, at, out width);
        return _pages[point.Value >> PageBits] && _changes.TryGetValue(point.Value, out string? other) ? other : text.Slice(at, width);
    }
}
