/**
 * What an x86-64 instruction does to memory, from its bytes.
 *
 * <p>{@link dev.plinth.platform.ptrace.x86.InstructionDecoder} reads one and makes an {@link
 * dev.plinth.platform.ptrace.x86.Instruction} of it. Only that much is decoded: how long an
 * instruction is, and which of its memory operands it writes. Values only, no locks; imports
 * nothing.
 */
package dev.plinth.platform.ptrace.x86;
