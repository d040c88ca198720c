using Microsoft.Win32.SafeHandles;
using Octet.Cli.IO;

namespace Octet.Cli.Chat;

/// <summary>
/// A message written at a terminal, of one line or several: a paste is text, whatever line breaks it has; Alt+Enter, a backslash at the end, or
/// open <c>"""</c> begin another line; the arrows up and down bring earlier messages.
/// </summary>
sealed class MessageEditor : IMessageSource
{
    internal const string Prompt = "> ";
    internal const string Continuation = ". ";
    const string ClearScreen = "\e[H\e[2J";

    readonly KeyReader _keys;
    readonly EditorView _view = new(Standard.Output, Prompt, Continuation);
    readonly EditedText _text = new();
    bool _isDrawn;

    internal MessageEditor() => _keys = new KeyReader(new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0), DrawChanges);

    public string? Read(IReadOnlyList<string> earlier)
    {
        _text.Replace("");
        RawTerminal? terminal = RawTerminal.TryEnter();
        try
        {
            Begin();
            int shown = earlier.Count;
            string draft = "";
            while (true)
            {
                Key key = _keys.Read();
                _isDrawn = false;
                switch (key.Action)
                {
                    case KeyAction.Enter when MessageSyntax.GoesOn(_text.ToString()):
                        _text.Replace(MessageSyntax.Joined(_text.ToString()));
                        break;
                    case KeyAction.Enter:
                        return MessageSyntax.Unquoted(_text.ToString());
                    case KeyAction.Close:
                    case KeyAction.DeleteOrClose when _text.Length == 0:
                        return null;
                    case KeyAction.Interrupt when _text.Length == 0:
                        throw new MessageInterruptedException();
                    case KeyAction.Interrupt:
                        Leave("^C");
                        _text.Replace("");
                        _view.Begin();
                        break;
                    case KeyAction.Suspend:
                        Leave("");
                        terminal?.Dispose();
                        RawTerminal.Suspend();
                        terminal = RawTerminal.TryEnter();
                        Begin();
                        break;
                    case KeyAction.ClearScreen:
                        Standard.Output.Write(ClearScreen);
                        _view.Begin();
                        break;
                    case KeyAction.Up when !_text.Up() && shown > 0:
                        draft = shown == earlier.Count ? _text.ToString() : draft;
                        _text.Replace(earlier[--shown]);
                        break;
                    case KeyAction.Down when !_text.Down() && shown < earlier.Count:
                        _text.Replace(++shown == earlier.Count ? draft : earlier[shown]);
                        break;
                    default:
                        Edit(key);
                        break;
                }
            }
        }
        finally
        {
            try
            {
                Leave("");
            }
            finally
            {
                terminal?.Dispose();
            }
        }
    }

    void Begin()
    {
        _view.Begin();
        Draw();
    }

    /// <summary>The cursor goes behind the text, on a new line.</summary>
    void Leave(string mark)
    {
        _text.ToEnd();
        Draw();
        Standard.Output.Write(mark + "\r\n");
        Standard.Output.Flush();
        _isDrawn = false;
    }

    /// <summary>Of keys that come faster than they are shown, together or in a paste, only the last state is.</summary>
    void DrawChanges()
    {
        if (!_isDrawn)
        {
            Draw();
        }
    }

    void Draw()
    {
        _view.Draw(_text, Terminal.Width(), Terminal.Height());
        _isDrawn = true;
    }

    void Edit(Key key)
    {
        switch (key.Action)
        {
            case KeyAction.Insert:
                _text.Insert(key.Text);
                break;
            case KeyAction.NewLine:
                _text.Insert("\n");
                break;
            case KeyAction.Backspace:
                _text.Backspace();
                break;
            case KeyAction.Delete or KeyAction.DeleteOrClose:
                _text.Delete();
                break;
            case KeyAction.DeleteWord:
                _text.DeleteWord();
                break;
            case KeyAction.DeleteToStart:
                _text.DeleteToStart();
                break;
            case KeyAction.DeleteToEnd:
                _text.DeleteToEnd();
                break;
            case KeyAction.Left:
                _text.Left();
                break;
            case KeyAction.Right:
                _text.Right();
                break;
            case KeyAction.WordLeft:
                _text.WordLeft();
                break;
            case KeyAction.WordRight:
                _text.WordRight();
                break;
            case KeyAction.Home:
                _text.Home();
                break;
            case KeyAction.End:
                _text.End();
                break;
        }
    }
}
