package dev.plinth.cli;

import dev.plinth.api.host.HostKernel;
import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.host.JnaHostKernel;

import org.apache.commons.cli.Options;

import java.util.List;

/**
 * A command on a sandbox that is registered, whose name is the first operand.
 *
 * <p>It starts fast: whatever belongs to kernel, plugins and their wiring is for the sandbox's own
 * process.
 */
abstract class ControlCommand implements Command {
    private final String name;
    private final String summary;

    ControlCommand(String name, String summary) {
        this.name = name;
        this.summary = summary;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String summary() {
        return summary;
    }

    @Override
    public String synopsis() {
        return "[OPTION]... NAME";
    }

    @Override
    public Options options() {
        return new Options().addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return "";
    }

    @Override
    public boolean takesOptionsAnywhere() {
        return true;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public final int run(Arguments arguments, Console console) {
        List<String> operands = arguments.operands();
        if (operands.isEmpty()) {
            throw new UsageException("no sandbox named");
        }
        if (operands.size() > maxOperands()) {
            throw new UsageException("unexpected argument '" + operands.get(maxOperands()) + "'");
        }
        DebugLog.onStandardError();
        StateRoot root = CommonOptions.stateRoot(arguments);
        return run(root, root.open(operands.getFirst()), arguments, console);
    }

    /** How many words may follow the options, the sandbox's name included. */
    int maxOperands() {
        return 1;
    }

    /**
     * Does it.
     *
     * @param root where the sandbox is registered
     * @param sandbox which may have ended
     * @return the exit status
     */
    abstract int run(
            StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console);

    /** Asks a sandbox that runs for one thing, and gives the answer. */
    static Message ask(SandboxDirectory sandbox, String command, Message arguments) {
        try (ControlClient client = ControlClient.connect(host(), sandbox)) {
            return client.ask(command, arguments);
        }
    }

    /** The host's Linux; made when it is needed, for it takes time to load. */
    static HostKernel host() {
        return new JnaHostKernel();
    }
}
