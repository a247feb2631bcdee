package dev.plinth.cli;

import java.util.Locale;

/** Amounts as people read them. */
final class Amounts {
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private Amounts() {}

    /** Bytes in the unit that gives one to four digits, such as {@code 12.3 MiB}. */
    static String bytes(long bytes) {
        int unit = 0;
        double amount = bytes;
        while (amount >= 1024 && unit < UNITS.length - 1) {
            amount /= 1024;
            unit++;
        }
        return unit == 0
                ? bytes + " B"
                : String.format(Locale.ROOT, "%.1f %s", amount, UNITS[unit]);
    }
}
