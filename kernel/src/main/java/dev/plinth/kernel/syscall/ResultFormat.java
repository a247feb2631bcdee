package dev.plinth.kernel.syscall;

/** How a trace shows the result of a system call that did not fail. */
@FunctionalInterface
public interface ResultFormat {
    /** A number. */
    ResultFormat DECIMAL = (out, arguments, result) -> out.append(result);

    /** An address. */
    ResultFormat ADDRESS =
            (out, arguments, result) -> out.append("0x").append(Long.toHexString(result));

    /**
     * Appends the result's text.
     *
     * @param out takes the text
     * @param arguments of the call, on which the meaning may depend
     * @param result of the call
     */
    void append(StringBuilder out, SyscallArguments arguments, long result);
}
