package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.CpuFeatures;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an image says of itself, read before anything else of it.
 *
 * @param created when
 * @param platform that the sandbox ran on; for people to know
 * @param program the words of the program that it began with, perhaps {@linkplain #shortened
 *     shortened}; for people to know, and empty if nobody noted it
 * @param cpu what the programs were told of the processor, and rely on
 * @param features what they found of the optional features of platforms, by the names of {@link
 *     dev.plinth.api.platform.PlatformFeature}; in alphabetical order
 * @param mapUnit the bytes in whose multiples they map memory; a platform may map it by fewer
 * @param addresses that the programs use: where it ends and begins the target must reach
 * @param roles of the descriptors of the host that the sandbox has, each of which a restore gives
 * @param directories of the host that the sandbox has
 * @param files that belong to the image besides
 */
public record Inventory(
        Instant created,
        String platform,
        List<String> program,
        CpuFeatures cpu,
        List<String> features,
        int mapUnit,
        AddressRange addresses,
        List<FdRole> roles,
        List<SharedDirectory> directories,
        Files files) {
    /** The greatest length of a platform's name. */
    static final int PLATFORM_LENGTH_MAX = 64;

    /** So many words of the first program are kept, and so many characters of them. */
    static final int PROGRAM_WORDS_MAX = 256;

    static final int PROGRAM_LENGTH_MAX = 16 << 10;

    /** More features than any platform has. */
    static final int FEATURES_MAX = 64;

    /** More roles than any sandbox has. */
    static final int ROLES_MAX = 4096;

    /** More directories of the host than any user names. */
    static final int DIRECTORIES_MAX = 4096;

    /** Those of platforms yet to come too: they are shown to people. */
    private static final String FEATURE_NAME = "[A-Z][A-Z0-9_]{0,63}";

    public Inventory {
        requireNonNull(created, "created is null");
        requireNonNull(platform, "platform is null");
        requireNonNull(cpu, "cpu is null");
        requireNonNull(addresses, "addresses is null");
        requireNonNull(files, "files is null");
        program = List.copyOf(program);
        features = features.stream().sorted().toList();
        roles = List.copyOf(roles);
        directories = List.copyOf(directories);
        if (platform.length() > PLATFORM_LENGTH_MAX
                || program.size() > PROGRAM_WORDS_MAX
                || program.stream().mapToLong(String::length).sum() > PROGRAM_LENGTH_MAX
                || features.size() > FEATURES_MAX
                || roles.size() > ROLES_MAX
                || directories.size() > DIRECTORIES_MAX) {
            throw new IllegalArgumentException("too long");
        }
        if (mapUnit < Pages.SIZE || Integer.bitCount(mapUnit) != 1) {
            throw new IllegalArgumentException("not a map unit: " + mapUnit);
        }
        if (!features.stream().allMatch(name -> name.matches(FEATURE_NAME))) {
            throw new IllegalArgumentException("no names of features");
        }
    }

    /** The same about an image with other files. */
    public Inventory with(Files written) {
        return new Inventory(
                created,
                platform,
                program,
                cpu,
                features,
                mapUnit,
                addresses,
                roles,
                directories,
                written);
    }

    /** As many words of a program, from the first, as there is room for. */
    public static List<String> shortened(List<String> words) {
        List<String> kept = new ArrayList<>();
        int left = PROGRAM_LENGTH_MAX;
        for (String word : words) {
            if (kept.size() == PROGRAM_WORDS_MAX || word.length() > left) {
                break;
            }
            kept.add(word);
            left -= word.length();
        }
        return kept;
    }

    /** The directory of the host that lies below the sandbox's root; empty if there is none. */
    public Optional<String> rootfs() {
        return directories.stream()
                .filter(each -> each.destination().equals("/"))
                .map(SharedDirectory::path)
                .findFirst();
    }

    /**
     * The other files of an image.
     *
     * @param kernel the state of the kernel
     * @param pageIndex which pages there are
     * @param pagesBytes how long the file of pages is; its checksums are in the index
     */
    public record Files(StoredFile kernel, StoredFile pageIndex, long pagesBytes) {
        /** No files yet. */
        public static final Files NONE = new Files(StoredFile.EMPTY, StoredFile.EMPTY, 0);

        public Files {
            requireNonNull(kernel, "kernel is null");
            requireNonNull(pageIndex, "pageIndex is null");
            if (pagesBytes < 0) {
                throw new IllegalArgumentException("negative length");
            }
        }
    }

    /**
     * A file that was written.
     *
     * @param bytes its length
     * @param sha256 of its content, 64 hexadecimal digits in lower case
     */
    public record StoredFile(long bytes, String sha256) {
        private static final StoredFile EMPTY = new StoredFile(0, "0".repeat(64));

        public StoredFile {
            if (bytes < 0 || !sha256.matches("[0-9a-f]{64}")) {
                throw new IllegalArgumentException("not a length and a SHA-256");
            }
        }
    }
}
