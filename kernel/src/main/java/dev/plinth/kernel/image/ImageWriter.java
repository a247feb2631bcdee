package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Set;

/**
 * Writes an image, all or nothing.
 *
 * <p>What is written is in a directory beside the image's place until {@link #commit} moves it
 * there. Closed without that, it is gone. A process that is killed meanwhile leaves such a
 * directory, whose name begins with a dot, and no image. Confined to one thread.
 */
public final class ImageWriter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ImageWriter.class);

    private static final long SYS_RENAMEAT2 = 316;
    private static final long AT_FDCWD = -100;
    private static final long RENAME_NOREPLACE = 1;

    /** Memory may hold secrets. */
    private static final Set<PosixFilePermission> OWNER_ONLY =
            PosixFilePermissions.fromString("rwx------");

    /** Also when it was moved out of its directory. */
    private static final Set<PosixFilePermission> FILE_OWNER_ONLY =
            PosixFilePermissions.fromString("rw-------");

    private final HostKernel host;
    private final Path target;
    private final Path directory;
    private final FileChannel pagesFile;
    private final PageWriter pages;

    private ImageWriter(
            HostKernel host, Path target, Path directory, FileChannel pagesFile, PageWriter pages) {
        this.host = host;
        this.target = target;
        this.directory = directory;
        this.pagesFile = pagesFile;
        this.pages = pages;
    }

    /** Knows of an image what its files do not say. */
    @FunctionalInterface
    public interface Describe {
        /** The inventory, given the files that were written. */
        Inventory with(Inventory.Files files);
    }

    /** Writes the state of the kernel. */
    @FunctionalInterface
    public interface KernelState {
        /**
         * Writes it.
         *
         * @param out where to; borrowed
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Begins an image.
     *
     * @param target where it is to be; nothing is there yet, and its parent is a directory
     * @return the caller closes it
     * @throws SandboxException if something is there, or the parent cannot be written to
     */
    public static ImageWriter create(HostKernel host, Path target, Compression compression) {
        requireNonNull(host, "host is null");
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null || Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            throw exists(absolute);
        }
        try {
            Path directory =
                    Files.createTempDirectory(
                            parent,
                            "." + absolute.getFileName() + ".",
                            PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            try {
                FileChannel pagesFile = create(directory.resolve(ImageFormat.PAGES));
                return new ImageWriter(
                        host,
                        absolute,
                        directory,
                        pagesFile,
                        new PageWriter(pagesFile, compression));
            } catch (IOException e) {
                removeDirectory(directory);
                throw e;
            }
        } catch (IOException e) {
            throw unwritable(absolute, e);
        }
    }

    private static SandboxException exists(Path target) {
        return new SandboxException(
                ErrorCode.IMAGE_EXISTS,
                "there is something at " + target + " already",
                "name a path where nothing is, or move away what is there");
    }

    /** The image cannot be written, for a reason that whoever wrote pages was given. */
    public SandboxException unwritable(IOException cause) {
        return unwritable(target, cause);
    }

    /** An image that cannot be written, in the words of whoever found out. */
    private static SandboxException unwritable(Path target, IOException cause) {
        return new SandboxException(
                ErrorCode.IMAGE_UNWRITABLE,
                "the image " + target + " cannot be written: " + HostReason.of(cause),
                "see that its directory exists, may be written to and has room",
                cause);
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(FILE_OWNER_ONLY));
    }

    /** Where pages are written; owned by this. */
    public PageWriter pages() {
        return pages;
    }

    /**
     * Writes what is left, makes all of it last, and moves it into place.
     *
     * @throws SandboxException if it cannot be written, or something came to be in its place, or
     *     nobody could read it: there is no image then
     */
    public void commit(KernelState kernelState, Describe describe) {
        try {
            long pagesBytes = pagesFile.size();
            pagesFile.force(true);
            Inventory.StoredFile kernel = writeFile(ImageFormat.KERNEL, kernelState);
            requireAtMost(ImageFormat.KERNEL_BYTES_MAX, ImageFormat.KERNEL, kernel.bytes());
            ByteBuffer index = pages.index();
            Inventory.StoredFile pageIndex =
                    writeFile(ImageFormat.PAGE_INDEX, out -> Channels.newChannel(out).write(index));
            byte[] inventory =
                    InventoryJson.write(
                            describe.with(new Inventory.Files(kernel, pageIndex, pagesBytes)));
            requireAtMost(ImageFormat.INVENTORY_BYTES_MAX, ImageFormat.INVENTORY, inventory.length);
            Inventory.StoredFile _ = writeFile(ImageFormat.INVENTORY, out -> out.write(inventory));
            sync(directory);
            moveIntoPlace();
        } catch (IOException e) {
            throw unwritable(target, e);
        }
        try {
            sync(target.getParent());
        } catch (IOException e) {
            // It is there, and whoever is told that it is not would have two sandboxes of one.
            log.warn(
                    "{} is written, but may be gone if this host stops now: {}",
                    target,
                    HostReason.of(e));
        }
    }

    /** What an {@link Image} refuses to read is not written. */
    private static void requireAtMost(long most, String name, long bytes) {
        if (bytes > most) {
            throw new SandboxException(
                    ErrorCode.STATE_UNSAVABLE,
                    "the image's %s would have %d bytes, and %d can be read"
                            .formatted(name, bytes, most),
                    "try again when its programs have less");
        }
    }

    private Inventory.StoredFile writeFile(String name, KernelState content) throws IOException {
        MessageDigest digest = Sha256.digest();
        try (FileChannel file = create(directory.resolve(name))) {
            // Neither is closed: they own nothing but the channel.
            OutputStream out =
                    new BufferedOutputStream(
                            new DigestOutputStream(Channels.newOutputStream(file), digest));
            content.writeTo(out);
            out.flush();
            file.force(true);
            return new Inventory.StoredFile(file.size(), Sha256.hex(digest));
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory)) {
            channel.force(true);
        }
    }

    /**
     * As rename(2), but never in place of something: Java's own would replace an empty directory.
     */
    private void moveIntoPlace() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    host.syscall(
                            SYS_RENAMEAT2,
                            AT_FDCWD,
                            arena.allocateFrom(directory.toString()).address(),
                            AT_FDCWD,
                            arena.allocateFrom(target.toString()).address(),
                            RENAME_NOREPLACE,
                            0);
            if (result == -Errno.EEXIST.number()) {
                throw exists(target);
            }
            if (Errno.isError(result)) {
                throw new IOException("renameat2 failed: " + Errno.of((int) -result));
            }
        }
    }

    /** Takes away what was written, unless it was committed. Doing so again is harmless. */
    @Override
    public void close() {
        try (pagesFile;
                pages) {
            if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                removeDirectory(directory);
            }
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    private static void removeDirectory(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
