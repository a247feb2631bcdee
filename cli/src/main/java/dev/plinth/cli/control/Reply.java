package dev.plinth.cli.control;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/** What a server answers: a value, or why there is none. */
public final class Reply {
    private Reply() {}

    /** An answer with a value. */
    public static Message of(Message value) {
        return Message.empty().with("value", value);
    }

    /** An answer that says why there is no value. */
    public static Message refusal(SandboxException e) {
        return Message.empty()
                .with("error", e.code().name())
                .with("message", String.valueOf(e.getMessage()))
                .with("remedy", e.remedy());
    }

    /**
     * The value of an answer.
     *
     * @throws SandboxException if it is a refusal, as it was thrown at the other end
     * @throws MessageException if it is no answer
     */
    public static Message value(Message reply) {
        if (!reply.has("error")) {
            return reply.object("value");
        }
        ErrorCode code;
        try {
            code = ErrorCode.valueOf(reply.string("error"));
        } catch (IllegalArgumentException e) {
            throw new MessageException("an error of no kind that is known", e);
        }
        throw new SandboxException(code, reply.string("message"), reply.string("remedy"));
    }
}
