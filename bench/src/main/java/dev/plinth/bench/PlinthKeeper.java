package dev.plinth.bench;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Plinth on a platform. */
final class PlinthKeeper implements Keeper {
    private static final Pattern PAUSE = Pattern.compile("stood still for ([0-9.]+) ms");

    private final KeeperCommand plinth;
    private final String platform;
    private final Optional<String> other;

    /**
     * A keeper.
     *
     * @param command where plinth is
     * @param state directory for what is known of sandboxes
     * @param platform on which sandboxes start
     * @param other the platform that they are restored on and swapped to, if there is another
     */
    PlinthKeeper(Path command, Path state, String platform, Optional<String> other) {
        this.plinth = new KeeperCommand(List.of(command.toString(), "--root", state.toString()));
        this.platform = requireNonNull(platform, "platform is null");
        this.other = requireNonNull(other, "other is null");
    }

    @Override
    public String name() {
        return Runners.PLINTH + platform + other.map(to -> " to " + to).orElse("");
    }

    @Override
    public void start(String id, List<String> program, Path output) throws CommandFailedException {
        List<String> words =
                new ArrayList<>(List.of("run", "--detach", "--id", id, "--platform", platform));
        words.add("--");
        words.addAll(program);
        plinth.run(words, output);
    }

    @Override
    public double checkpoint(String id, Path image, boolean leaveRunning)
            throws CommandFailedException {
        List<String> words = new ArrayList<>(List.of("checkpoint", "--compression", "none"));
        if (leaveRunning) {
            words.add("--leave-running");
        }
        words.addAll(List.of("--image-path", image.toString(), id));
        return plinth.run(words);
    }

    @Override
    public double restore(String id, Path image, Path output) throws CommandFailedException {
        List<String> words = new ArrayList<>(List.of("restore", "--detach", "--id", id));
        words.addAll(List.of("--platform", other.orElse(platform)));
        words.addAll(List.of("--image-path", image.toString()));
        return plinth.run(words, output);
    }

    @Override
    public Optional<Double> swap(String id) throws CommandFailedException {
        if (other.isEmpty()) {
            return Optional.empty();
        }
        String told = plinth.ask(List.of("swap", "--platform", other.get(), id));
        Matcher pause = PAUSE.matcher(told);
        if (!pause.find()) {
            throw new CommandFailedException("swap told no pause: " + told);
        }
        return Optional.of(Double.valueOf(pause.group(1)));
    }

    @Override
    public void end(String id) {
        plinth.attempt(List.of("delete", "--force", id));
    }
}
