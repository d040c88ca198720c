namespace Octet.Cli.Chat;

/// <summary>What a key of the terminal asks for.</summary>
enum KeyAction
{
    None,
    Insert,
    Enter,
    NewLine,
    Backspace,
    Delete,
    DeleteWord,
    DeleteToStart,
    DeleteToEnd,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    ClearScreen,
    Interrupt,
    Suspend,
    DeleteOrClose,
    Close,
}

/// <summary>A key that was pressed, or a text that was pasted.</summary>
/// <param name="Action">What it asks for.</param>
/// <param name="Text">The text that <see cref="KeyAction.Insert"/> brings.</param>
readonly record struct Key(KeyAction Action, string Text = "");
