# A static program for the emulator: writes a greeting with a number that it computes, and ends.
# Build: gcc -nostdlib -static -o hello hello.S
        .intel_syntax noprefix
        .globl  _start

        .text
_start:
        xor     ebx, ebx                # 1 + 2 + ... + 100, in rbx
        mov     ecx, 100
sum:    add     rbx, rcx
        dec     rcx
        jne     sum

        lea     rdi, digits[rip + 4]    # its digits, the last one first
next:   xor     eax, eax                # rbx / 10 and the rest of it, by subtraction
tens:   cmp     rbx, 10
        jb      digit
        sub     rbx, 10
        inc     rax
        jmp     tens
digit:  add     ebx, '0'
        dec     rdi
        mov     [rdi], bl
        mov     rbx, rax
        test    rbx, rbx
        jne     next

        mov     eax, 1                  # write(1, message, length)
        mov     edi, 1
        lea     rsi, message[rip]
        mov     edx, offset length
        syscall
        xor     edi, edi
        cmp     rax, rdx                # exit_group(0), if all of it was written
        je      end
        mov     edi, 1
end:    mov     eax, 231
        syscall
        hlt                             # not reached

        .data
message:
        .ascii  "hello from the emulator: 1 + ... + 100 = "
digits: .ascii  "    \n"
        .set    length, . - message
