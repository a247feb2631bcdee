package dev.plinth.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The environment variables that a program in the sandbox starts with.
 *
 * <p>A small set, so that nothing of the caller's session is told to a program that is not trusted,
 * and a program behaves the same for every caller.
 */
final class GuestEnvironment {
    /** As a login shell of Debian has it for root. */
    private static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private GuestEnvironment() {}

    /**
     * Whether a sandbox sees the host's files.
     *
     * @param rootfs the directory on the host that its root is made of
     */
    static boolean isHostRoot(String rootfs) {
        return rootfs.equals("/");
    }

    /**
     * The variables, in the form {@code NAME=value}.
     *
     * @param caller variables of the process that asks
     * @param hostRoot whether the sandbox sees the host's files, among them the caller's home
     * @param requested what the user asks for: {@code NAME=value}, or a name alone to hand over the
     *     caller's variable, if there is one
     * @throws UsageException if one asked for has no name
     */
    static List<String> of(Map<String, String> caller, boolean hostRoot, List<String> requested) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("PATH", PATH);
        variables.put("HOME", hostRoot ? caller.getOrDefault("HOME", "/") : "/");
        handOver(caller, "TERM", variables);
        handOver(caller, "LANG", variables);
        for (String request : requested) {
            int end = request.indexOf('=');
            if (end == 0 || request.isEmpty()) {
                throw new UsageException("'" + request + "' is no variable: write NAME=value");
            }
            if (end > 0) {
                variables.put(request.substring(0, end), request.substring(end + 1));
            } else {
                handOver(caller, request, variables);
            }
        }
        return variables.entrySet().stream().map(v -> v.getKey() + "=" + v.getValue()).toList();
    }

    private static void handOver(
            Map<String, String> caller, String name, Map<String, String> variables) {
        String value = caller.get(name);
        if (value != null) {
            variables.put(name, value);
        }
    }
}
