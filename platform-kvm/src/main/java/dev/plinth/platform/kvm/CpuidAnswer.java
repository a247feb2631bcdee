package dev.plinth.platform.kvm;

/** What the instruction CPUID leaves in the registers. */
record CpuidAnswer(int eax, int ebx, int ecx, int edx) {}
