package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.AddressLayoutState;
import dev.plinth.kernel.state.proto.AddressRangeState;
import dev.plinth.kernel.state.proto.AddressSpaceState;
import dev.plinth.kernel.state.proto.AreaState;
import dev.plinth.kernel.state.proto.OwnPagesState;
import dev.plinth.kernel.state.proto.PageRunState;
import dev.plinth.kernel.state.proto.ProgramAreasState;

import java.util.List;
import java.util.Optional;

/**
 * What a checkpoint keeps of the mappings of an address space, and how they are made of that again.
 *
 * <p>The pages of what is mapped are not kept: they are asked for when they are touched.
 */
@SavedWith(MemoryManager.class)
final class SavedMappings {
    /** More pages than any image has; none of them is in one, so they are zero. */
    private static final long ZERO_PAGES = 1L << 40;

    private static final int AREA_FLAGS =
            Vma.SHARED
                    | Vma.GROWS_DOWN
                    | Vma.LOCKED
                    | Vma.DONT_FORK
                    | Vma.WIPE_ON_FORK
                    | Vma.DONT_DUMP;

    private final Mappings mappings;

    SavedMappings(Mappings mappings) {
        this.mappings = requireNonNull(mappings, "mappings is null");
    }

    /** Saves the mappings; the world is stopped. */
    AddressSpaceState save(StateWriter writer) {
        AddressSpaceState.Builder state =
                AddressSpaceState.newBuilder()
                        .setLayout(save(mappings.layout()))
                        .setBrkStart(mappings.brkStart())
                        .setBrk(mappings.brk())
                        .setFutureFlags(mappings.futureFlags())
                        .setPeakPages(mappings.peakPages())
                        .setPeakResidentPages(mappings.pager().resident().peak())
                        .setProgram(save(mappings.program()));
        for (Vma vma : mappings.vmas().all()) {
            state.addAreas(
                    AreaState.newBuilder()
                            .setAddresses(save(vma.range()))
                            .setAccess(vma.access().prot())
                            .setMaxAccess(vma.maxAccess().prot())
                            .setFlags(vma.flags())
                            .setMappedRef(reference(vma, writer))
                            .setOffset(vma.offset()));
        }
        state.addAllOwnPages(mappings.pager().saveOwnPages(mappings.vmas(), writer));
        return state.build();
    }

    private static int reference(Vma vma, StateWriter writer) {
        if (vma.file().isPresent()) {
            return writer.reference(vma.file().get().owner());
        }
        // What has no file is the memory that processes share.
        return vma.mappable().isPresent()
                ? writer.reference((SharedAnonymous) vma.mappable().get())
                : 0;
    }

    private static AddressRangeState save(AddressRange range) {
        return AddressRangeState.newBuilder().setStart(range.start()).setEnd(range.end()).build();
    }

    private static AddressLayoutState save(AddressLayout layout) {
        return AddressLayoutState.newBuilder()
                .setUserAddresses(save(layout.userAddresses()))
                .setStackTop(layout.stackTop())
                .setStackJitter(layout.stackJitter())
                .setMmapBase(layout.mmapBase())
                .setMmapBottomUp(layout.mmapBottomUp())
                .setPieBase(layout.pieBase())
                .setBrkGap(layout.brkGap())
                .build();
    }

    private static ProgramAreasState save(ProgramAreas program) {
        return ProgramAreasState.newBuilder()
                .setCode(save(program.code()))
                .setData(save(program.data()))
                .setStackStart(program.stackStart())
                .setArguments(save(program.arguments()))
                .setEnvironment(save(program.environment()))
                .setAuxiliaryVector(save(program.auxiliaryVector()))
                .build();
    }

    /** The layout of an address space that was saved. */
    static AddressLayout layout(AddressLayoutState state) {
        AddressRange user = range(state.getUserAddresses());
        boolean valid =
                user.start() >= 0
                        && !user.isEmpty()
                        && user.isPageAligned()
                        && isAddress(state.getStackTop())
                        && isAddress(state.getMmapBase())
                        && isAddress(state.getMmapBottomUp())
                        && isAddress(state.getPieBase())
                        && isAddress(state.getBrkGap())
                        && state.getStackJitter() >= 0
                        && state.getStackJitter() < AddressLayout.STACK_JITTER_MAX;
        if (!valid) {
            throw StateReader.corrupt("no layout of an address space");
        }
        return new AddressLayout(
                user,
                state.getStackTop(),
                state.getStackJitter(),
                state.getMmapBase(),
                state.getMmapBottomUp(),
                state.getPieBase(),
                state.getBrkGap());
    }

    private static boolean isAddress(long value) {
        return value >= 0 && Pages.isAligned(value);
    }

    private static AddressRange range(AddressRangeState state) {
        return new AddressRange(state.getStart(), state.getEnd());
    }

    /**
     * Maps what was mapped.
     *
     * @param state hostile; nothing is mapped yet
     */
    void restore(AddressSpaceState state, StateReader reader) {
        restoreAreas(state.getAreasList(), reader);
        for (OwnPagesState each : state.getOwnPagesList()) {
            restoreOwnPages(each);
        }
        restoreBrk(state.getBrkStart(), state.getBrk());
        if ((state.getFutureFlags() & ~Vma.LOCKED) != 0) {
            throw StateReader.corrupt("unknown flags of areas to come");
        }
        mappings.setFutureFlags(state.getFutureFlags());
        mappings.setProgram(program(state.getProgram()));
        mappings.restorePeak(state.getPeakPages());
        mappings.pager().restorePeak(state.getPeakResidentPages());
    }

    private void restoreBrk(long start, long end) {
        if (start < 0 || end < start || end > mappings.taskSize()) {
            throw StateReader.corrupt("no program break");
        }
        mappings.restoreBrk(start, end);
    }

    private ProgramAreas program(ProgramAreasState state) {
        return new ProgramAreas(
                userRange(state.getCode()),
                userRange(state.getData()),
                state.getStackStart(),
                userRange(state.getArguments()),
                userRange(state.getEnvironment()),
                userRange(state.getAuxiliaryVector()));
    }

    private AddressRange userRange(AddressRangeState state) {
        AddressRange range = range(state);
        if (range.start() < 0 || range.end() > mappings.taskSize()) {
            throw StateReader.corrupt("a part of a program is at " + range);
        }
        return range;
    }

    private void restoreAreas(List<AreaState> areas, StateReader reader) {
        if (areas.size() > Mappings.MAX_COUNT + 1) {
            throw StateReader.corrupt("an address space has %d areas".formatted(areas.size()));
        }
        AddressRange user = mappings.layout().userAddresses();
        long last = user.start();
        for (AreaState area : areas) {
            AddressRange addresses = range(area.getAddresses());
            boolean fits =
                    addresses.start() >= last
                            && addresses.end() <= user.end()
                            && !addresses.isEmpty()
                            && addresses.isPageAligned();
            if (!fits) {
                throw StateReader.corrupt("no place for an area: " + addresses);
            }
            last = addresses.end();
            mappings.insert(area(area, addresses, reader));
        }
    }

    private static Vma area(AreaState state, AddressRange addresses, StateReader reader) {
        AccessType access = AccessType.ofProt(state.getAccess());
        AccessType max = AccessType.ofProt(state.getMaxAccess());
        int flags = state.getFlags();
        if (!max.covers(access) || (flags & ~AREA_FLAGS) != 0) {
            throw StateReader.corrupt("no such area: " + addresses);
        }
        boolean shared = (flags & Vma.SHARED) != 0;
        if (state.getMappedRef() == 0) {
            if (shared || state.getOffset() != 0) {
                throw StateReader.corrupt("nothing is shared at " + addresses);
            }
            return Vma.anonymous(addresses.start(), addresses.end(), access, max, flags);
        }
        if (!isAddress(state.getOffset())
                || state.getOffset() + addresses.length() < 0
                || (flags & (Vma.GROWS_DOWN | Vma.WIPE_ON_FORK)) != 0) {
            throw StateReader.corrupt("no mapping of a file: " + addresses);
        }
        Object mapped = reader.get(state.getMappedRef(), Object.class);
        Optional<? extends Mappable> mappable;
        Optional<MappedFile> file = Optional.empty();
        if (mapped instanceof SharedAnonymous memory && shared) {
            mappable = Optional.of(memory);
        } else if (mapped instanceof MappedFileOwner owner) {
            file = Optional.of(owner.mappedFile());
            mappable = file.get().mappable();
            if (!file.get().isReadable()
                    || (shared && max.canWrite() && !file.get().isWritable())) {
                throw StateReader.corrupt("a file that may not be mapped: " + addresses);
            }
        } else {
            mappable = Optional.empty();
        }
        if (mappable.isEmpty()) {
            throw StateReader.corrupt("nothing to be mapped: " + addresses);
        }
        return new Vma(
                addresses.start(),
                addresses.end(),
                access,
                max,
                flags,
                mappable,
                file,
                state.getOffset());
    }

    private void restoreOwnPages(OwnPagesState state) {
        PageRunState run = state.getRun();
        long start = state.getAddress();
        long first = state.getZero() ? ZERO_PAGES : run.getFirstPage();
        AddressRange user = mappings.layout().userAddresses();
        boolean valid =
                isAddress(start)
                        && start >= user.start()
                        && start < user.end()
                        && run.getPages() > 0
                        && run.getPages() <= (user.end() - start) >> Pages.SHIFT
                        && first >= 0
                        && first <= ZERO_PAGES;
        if (!valid) {
            throw StateReader.corrupt("no pages of a process: 0x%x".formatted(start));
        }
        long end = start + (run.getPages() << Pages.SHIFT);
        requirePrivate(start, end);
        if (mappings.pager().residentPages(start, end) != 0) {
            throw StateReader.corrupt("two pages at an address: 0x%x".formatted(start));
        }
        mappings.pager().restoreOwnPages(start, end, first);
    }

    /** Fails unless all of a range is in private areas. */
    private void requirePrivate(long start, long end) {
        long at = start;
        while (at < end) {
            long address = at;
            at =
                    mappings.vmas()
                            .find(at)
                            .filter(vma -> !vma.isShared())
                            .orElseThrow(() ->
                                    StateReader.corrupt(
                                            "pages where none can be: 0x%x".formatted(address)))
                            .end();
        }
    }
}
