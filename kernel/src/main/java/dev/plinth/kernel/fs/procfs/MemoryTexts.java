package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.DeviceNumber;

import java.util.List;

/** The texts about what a process has mapped; see proc_pid_maps(5) and proc_pid_smaps(5). */
final class MemoryTexts {
    private static final int KIB_PER_PAGE = Pages.SIZE / 1024;

    /** Where the name of a mapping stands in a line of maps. */
    private static final int NAME_COLUMN = 73;

    private final ProcessView process;

    MemoryTexts(ProcessView process) {
        this.process = process;
    }

    String maps() {
        StringBuilder text = new StringBuilder();
        process.mappings().forEach(mapping -> appendLine(text, mapping));
        return text.toString();
    }

    private static void appendLine(StringBuilder text, MappingInfo mapping) {
        DeviceNumber device = DeviceNumber.decode(mapping.device());
        int start = text.length();
        appendHex(text, mapping.range().start());
        text.append('-');
        appendHex(text, mapping.range().end());
        text.append(' ').append(mapping.access().symbols());
        text.append(mapping.shared() ? "s " : "p ");
        appendHex(text, mapping.offset());
        text.append(" %02x:%02x %d ".formatted(device.major(), device.minor(), mapping.inode()));
        if (!mapping.name().isEmpty()) {
            int padding = NAME_COLUMN - (text.length() - start);
            text.append(" ".repeat(Math.max(0, padding)));
            text.append(mapping.name().replace("\n", "\\012"));
        }
        text.append('\n');
    }

    /** At least eight digits. */
    private static void appendHex(StringBuilder text, long value) {
        String digits = Long.toHexString(value);
        text.append("0".repeat(Math.max(0, 8 - digits.length()))).append(digits);
    }

    String smaps() {
        StringBuilder text = new StringBuilder();
        for (MappingInfo mapping : process.mappings()) {
            appendLine(text, mapping);
            Sums sums = new Sums();
            sums.add(process, mapping);
            append(text, "Size", sums.size);
            append(text, "KernelPageSize", 1);
            append(text, "MMUPageSize", 1);
            sums.append(text);
            text.append("THPeligible:           0\n");
            text.append("VmFlags: ");
            text.append(mapping.access().canRead() ? "rd " : "");
            text.append(mapping.access().canWrite() ? "wr " : "");
            text.append(mapping.access().canExecute() ? "ex " : "");
            text.append(mapping.shared() ? "sh " : "");
            text.append("mr mw me ").append(mapping.name().equals("[stack]") ? "gd \n" : "\n");
        }
        return text.toString();
    }

    String rollup() {
        List<MappingInfo> mappings = process.mappings();
        StringBuilder text = new StringBuilder();
        Sums sums = new Sums();
        mappings.forEach(mapping -> sums.add(process, mapping));
        appendHex(text, mappings.isEmpty() ? 0 : mappings.getFirst().range().start());
        text.append('-');
        appendHex(text, mappings.isEmpty() ? 0 : mappings.getLast().range().end());
        text.append(" ---p 00000000 00:00 0 ");
        text.append(" ".repeat(Math.max(0, NAME_COLUMN - text.length()))).append("[rollup]\n");
        sums.append(text);
        return text.toString();
    }

    private static void append(StringBuilder text, String name, long pages) {
        text.append("%-16s%8d kB%n".formatted(name + ":", pages * KIB_PER_PAGE));
    }

    /**
     * What smaps adds up, in pages. A page counts as the process' own, for who else has it is not
     * kept account of.
     */
    @NotSaved("lives as long as a call")
    private static final class Sums {
        private long size;
        private long resident;
        private long anonymous;
        private long shared;

        void add(ProcessView process, MappingInfo mapping) {
            long pages = process.residentPages(mapping.range());
            size += mapping.range().length() >> Pages.SHIFT;
            resident += pages;
            if (mapping.inode() == 0 && !mapping.shared()) {
                anonymous += pages;
            } else if (mapping.shared()) {
                shared += pages;
            }
        }

        void append(StringBuilder text) {
            long ofFiles = resident - anonymous - shared;
            MemoryTexts.append(text, "Rss", resident);
            MemoryTexts.append(text, "Pss", resident);
            MemoryTexts.append(text, "Pss_Dirty", anonymous + shared);
            MemoryTexts.append(text, "Shared_Clean", 0);
            MemoryTexts.append(text, "Shared_Dirty", 0);
            MemoryTexts.append(text, "Private_Clean", ofFiles);
            MemoryTexts.append(text, "Private_Dirty", anonymous + shared);
            MemoryTexts.append(text, "Referenced", resident);
            MemoryTexts.append(text, "Anonymous", anonymous);
            for (String none :
                    new String[] {
                        "KSM",
                        "LazyFree",
                        "AnonHugePages",
                        "ShmemPmdMapped",
                        "FilePmdMapped",
                        "Shared_Hugetlb",
                        "Private_Hugetlb",
                        "Swap",
                        "SwapPss",
                        "Locked",
                    }) {
                MemoryTexts.append(text, none, 0);
            }
        }
    }
}
