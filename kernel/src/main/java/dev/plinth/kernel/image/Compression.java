package dev.plinth.kernel.image;

import java.util.Arrays;
import java.util.Optional;

/** How the pages of an image are stored. */
public enum Compression {
    /** As they are: they can be mapped. */
    NONE(0, "none"),
    /** Each extent a frame of Zstandard, RFC 8878, unless that would not make it smaller. */
    ZSTD(1, "zstd");

    private final int number;
    private final String label;

    Compression(int number, String label) {
        this.number = number;
        this.label = label;
    }

    /** The number in files. */
    int number() {
        return number;
    }

    /** The name for users. */
    public String label() {
        return label;
    }

    static Optional<Compression> ofNumber(int number) {
        return Arrays.stream(values()).filter(each -> each.number == number).findFirst();
    }

    /** The kind with a name. */
    public static Optional<Compression> ofLabel(String label) {
        return Arrays.stream(values()).filter(each -> each.label.equals(label)).findFirst();
    }
}
