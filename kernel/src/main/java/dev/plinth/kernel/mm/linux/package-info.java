/** Numbers of the x86-64 ABI that speak of memory: {@link dev.plinth.kernel.mm.linux.Mman}. */
package dev.plinth.kernel.mm.linux;
