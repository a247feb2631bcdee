package dev.plinth.kernel.vfs;

import java.util.List;

/**
 * What programs do with files, with results as text, so that one script can be run natively and in
 * the sandbox and the results compared: {@code ok}, a value, or the name of an errno.
 */
public interface FileCalls {
    String open(String path, int flags, int mode);

    String stat(String path, boolean follow);

    String read(String path);

    String write(String path, int flags, long offset, String text);

    String list(String path);

    String readLink(String path);

    String makeDirectory(String path, int mode);

    String removeDirectory(String path);

    String unlink(String path);

    String rename(String from, String to, int flags);

    String link(String from, String to);

    String symlink(String target, String path);

    String makeFifo(String path, int mode);

    String setPermissions(String path, int mode);

    String truncate(String path, long size);

    String access(String path, int mode);

    /** Names and attributes of everything below a directory, one line each. */
    static String tree(FileCalls calls, String path) {
        StringBuilder text = new StringBuilder();
        appendTree(calls, path, text);
        return text.toString();
    }

    private static void appendTree(FileCalls calls, String path, StringBuilder text) {
        String stat = calls.stat(path, false);
        text.append(path).append(' ').append(stat);
        if (stat.startsWith("SYMLINK")) {
            text.append(" -> ").append(calls.readLink(path));
        } else if (stat.startsWith("REGULAR")) {
            text.append(" = ").append(Integer.toHexString(calls.read(path).hashCode()));
        }
        text.append('\n');
        if (stat.startsWith("DIRECTORY")) {
            String names = calls.list(path);
            for (String name : names.isEmpty() ? List.<String>of() : List.of(names.split("\n"))) {
                appendTree(calls, path + "/" + name, text);
            }
        }
    }
}
