package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/**
 * An image that was opened.
 *
 * <p>Its files are kept open, so that what is read later is of the same image, whatever becomes of
 * its directory. Any thread may call any method but {@link #close}.
 */
public final class Image implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final long SYS_LSEEK = 8;
    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_CLOEXEC = 02000000;
    private static final long SEEK_END = 2;

    private final Path directory;
    private final Inventory inventory;
    private final FileChannel kernel;
    private final FileChannel pages;
    private final PageIndex pageIndex;

    private Image(
            Path directory,
            Inventory inventory,
            FileChannel kernel,
            FileChannel pages,
            PageIndex pageIndex) {
        this.directory = directory;
        this.inventory = inventory;
        this.kernel = kernel;
        this.pages = pages;
        this.pageIndex = pageIndex;
    }

    /**
     * Opens an image, and checks everything of it but the state of the kernel and the pages, which
     * are checked when they are read.
     *
     * @return the caller closes it
     * @throws SandboxException if there is none, or it cannot be read, or is too old, too new or
     *     damaged
     */
    public static Image open(Path directory) {
        requireNonNull(directory, "directory is null");
        try {
            Inventory inventory = inventoryOf(directory);
            ByteBuffer index = mapIndex(directory, inventory.files().pageIndex());
            FileChannel kernel = openFile(directory, ImageFormat.KERNEL);
            try {
                requireLength(ImageFormat.KERNEL, kernel, inventory.files().kernel().bytes());
                FileChannel pages = openFile(directory, ImageFormat.PAGES);
                try {
                    requireLength(ImageFormat.PAGES, pages, inventory.files().pagesBytes());
                    PageIndex pageIndex = PageIndex.parse(index, pages.size());
                    return new Image(directory, inventory, kernel, pages, pageIndex);
                } catch (IOException | RuntimeException e) {
                    pages.close();
                    throw e;
                }
            } catch (IOException | RuntimeException e) {
                kernel.close();
                throw e;
            }
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    /**
     * What an image says of itself, for whoever needs no more of it.
     *
     * @throws SandboxException if there is none, or it cannot be read, or this is too old, too new
     *     or damaged
     */
    public static Inventory inventoryOf(Path directory) {
        try {
            return InventoryJson.read(
                    readFile(directory, ImageFormat.INVENTORY, ImageFormat.INVENTORY_BYTES_MAX));
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static SandboxException unreadable(Path directory, IOException cause) {
        return new SandboxException(
                ErrorCode.IMAGE_NOT_FOUND,
                "the image " + directory + " cannot be read: " + HostReason.of(cause),
                "name the directory that a checkpoint wrote, which you may read",
                cause);
    }

    private static FileChannel openFile(Path directory, String name) throws IOException {
        Path file = directory.resolve(name);
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            // To open a FIFO would take as long as somebody likes.
            throw new ImageCorruptException(name, "%s is no regular file".formatted(file));
        }
        try {
            return FileChannel.open(file);
        } catch (NoSuchFileException e) {
            if (name.equals(ImageFormat.INVENTORY)) {
                if (!Files.exists(directory)) {
                    throw e;
                }
                throw new FileSystemException(
                        directory.toString(), null, "it has no " + name + ", as every image has");
            }
            throw new ImageCorruptException(name, "it is missing", e);
        }
    }

    private static void requireLength(String name, FileChannel file, long length)
            throws IOException {
        if (file.size() != length) {
            throw new ImageCorruptException(
                    name, "it has %d bytes and was written with %d".formatted(file.size(), length));
        }
    }

    private static ByteBuffer readFile(Path directory, String name, long most) throws IOException {
        try (FileChannel file = openFile(directory, name)) {
            ByteBuffer content = ByteBuffer.allocate((int) requireAtMost(name, file, most));
            while (content.hasRemaining() && file.read(content) >= 0) {}
            return content.flip();
        }
    }

    private static long requireAtMost(String name, FileChannel file, long most) throws IOException {
        long length = file.size();
        if (length > most) {
            throw new ImageCorruptException(name, "it has " + length + " bytes");
        }
        return length;
    }

    /**
     * Maps the index: it has up to half a gigabyte, for which the heap may be too small, and so may
     * what Java allocates beside it.
     */
    private static ByteBuffer mapIndex(Path directory, Inventory.StoredFile expected)
            throws IOException {
        String name = ImageFormat.PAGE_INDEX;
        long most = Math.min(expected.bytes(), ImageFormat.PAGE_INDEX_BYTES_MAX);
        try (FileChannel file = openFile(directory, name)) {
            long length = requireAtMost(name, file, most);
            if (!checksum(file, bytes -> {}).equals(expected.sha256())) {
                throw new ImageCorruptException(name, "its checksum differs");
            }
            return length == 0
                    ? ByteBuffer.allocate(0)
                    : file.map(FileChannel.MapMode.READ_ONLY, 0, length, Arena.ofAuto())
                            .asByteBuffer();
        }
    }

    /** Where the image is. */
    public Path directory() {
        return directory;
    }

    /** The number of the format it is in: there is one as yet. */
    public int formatVersion() {
        return ImageFormat.VERSION;
    }

    /** What the image says of itself. */
    public Inventory inventory() {
        return inventory;
    }

    /** Which pages there are. */
    public PageIndex pageIndex() {
        return pageIndex;
    }

    /** Reads pages; owned by this. */
    public PageReader pages() {
        return PageReader.of(pages);
    }

    /**
     * Opens the file of pages once more, to be mapped.
     *
     * @return the caller owns it
     * @throws SandboxException if it is not there any more, or is another one
     */
    public HostFd openPages(HostKernel host) {
        Path file = directory.resolve(ImageFormat.PAGES);
        try (Arena arena = Arena.ofConfined()) {
            long number =
                    host.syscall(
                            SYS_OPENAT,
                            AT_FDCWD,
                            arena.allocateFrom(file.toString()).address(),
                            O_CLOEXEC);
            if (Errno.isError(number)) {
                throw unreadable(
                        directory, new IOException("openat failed: " + Errno.of((int) -number)));
            }
            HostFd fd = new HostFd(host, (int) number);
            // What it holds is looked at when it is used.
            if (host.syscall(SYS_LSEEK, number, 0, SEEK_END) != inventory.files().pagesBytes()) {
                fd.close();
                throw new ImageCorruptException(ImageFormat.PAGES, "it is not the one it was");
            }
            return fd;
        }
    }

    /**
     * The state of the kernel, whose checksum is found to be right first.
     *
     * @return from its beginning; reads what is open here, so it need not be closed
     * @throws SandboxException if it is damaged or cannot be read
     */
    public InputStream kernelState() {
        return kernelState(bytes -> {});
    }

    /**
     * As {@link #kernelState()}.
     *
     * @param checked is told how many more bytes are compared, now and then
     */
    public InputStream kernelState(LongConsumer checked) {
        try {
            checkKernel(checked);
            kernel.position(0);
            return new BufferedInputStream(Channels.newInputStream(kernel), BUFFER_BYTES);
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private void checkKernel(LongConsumer checked) throws IOException {
        if (!checksum(kernel, checked).equals(inventory.files().kernel().sha256())) {
            throw new ImageCorruptException(ImageFormat.KERNEL, "its checksum differs");
        }
    }

    private static String checksum(FileChannel file, LongConsumer checked) throws IOException {
        MessageDigest digest = Sha256.digest();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        long at = 0;
        for (int count = file.read(buffer, at); count >= 0; count = file.read(buffer, at)) {
            at += count;
            digest.update(buffer.flip());
            buffer.clear();
            checked.accept(count);
        }
        return Sha256.hex(digest);
    }

    /** Is told how far a long reading has come. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Some pages were read.
         *
         * @param pages since the last call
         */
        void read(long pages);
    }

    /**
     * Reads every byte of the image and compares the checksums.
     *
     * @throws SandboxException if it is damaged or cannot be read
     */
    public void verify(Progress progress) {
        try (Arena arena = Arena.ofConfined()) {
            checkKernel(bytes -> {});
            MemorySegment buffer = arena.allocate(ImageFormat.EXTENT_PAGES_MAX * (long) Pages.SIZE);
            PageReader reader = pages();
            for (int i = 0; i < pageIndex.size(); i++) {
                PageExtent extent = pageIndex.extent(i);
                reader.read(extent, buffer.asSlice(0, extent.bytes()));
                progress.read(extent.pages());
            }
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    @Override
    public void close() {
        try (kernel) {
            pages.close();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }
}
