namespace Octet.Backends.Cpu.MachineCode;

/// <summary>
/// The registers that generated code uses, by their numbers: those that a function may change on every system, and RDI, which carries
/// the first argument everywhere but on Windows. None of them needs a longer form as the base of an address.
/// </summary>
enum GeneralRegister : byte
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}
