package dev.backplane.host.memory;

import dev.backplane.host.memory.PinnedMemory.Run;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The host's physical memory: a sparse space of 2 MiB frames, each of them one piece of memory or split into 4 KiB
 * pages.
 * Pages of the host itself hold tables and queues; memory of guests is scattered over frames in no order, as the
 * allocator of a machine that has run for a while leaves it, so that nobody takes a guest-physical address for a
 * host-physical one and gets away with it. Thread-safe; reads take no lock.
 */
public final class HostMemory {
    /** log2 of the size of a page. */
    public static final int PAGE_SHIFT = 12;

    /** Size of a page. */
    public static final long PAGE_BYTES = 1L << PAGE_SHIFT;

    /** log2 of the size of a frame. */
    public static final int FRAME_SHIFT = 21;

    /** Size of a frame, which one block of a page table maps. */
    public static final long FRAME_BYTES = 1L << FRAME_SHIFT;

    /** Address of the first frame; devices are below. */
    public static final long BASE = 0x8000_0000L;

    private static final long MEDIUM_BYTES = 0x10000;
    private static final int FRAMES_AT_ONCE = 256;

    private final FaultPlan faults;
    private final RandomGenerator random;
    private final int lastFrame;
    /** By frame number: a segment of 2 MiB, an array of segments of 4 KiB (each null where nothing is), or null. */
    private volatile Object[] frames = {};

    // All below is guarded by this.
    private final List<Integer> freeFrames = new ArrayList<>();
    private int nextFrame = (int) (BASE >>> FRAME_SHIFT);
    private final SplitFrames own;
    private final SplitFrames tails;
    private long pagesInUse;
    private long pinnedBytes;

    /**
     * Makes an empty memory.
     *
     * @param addressBits bits of a physical address; memory ends there
     * @param faults lets the allocation of pages fail
     * @param random scatters
     */
    public HostMemory(int addressBits, FaultPlan faults, RandomGenerator random) {
        this.faults = faults;
        this.random = random;
        lastFrame = (int) (((1L << Math.min(addressBits, 48)) >>> FRAME_SHIFT) - 1);
        own = new SplitFrames(random);
        tails = new SplitFrames(random);
    }

    /**
     * Takes pages of the host itself.
     *
     * @param pages a power of two, up to 512; they are contiguous and naturally aligned
     * @return address of the first one; all are zero
     * @throws HostException ENOMEM
     */
    public synchronized long allocate(int pages) throws HostException {
        faults.check(Operation.ALLOC_PAGE);
        long page = own.take(pages);
        if (page < 0) {
            int frame = takeFrame();
            put(frame, SplitFrames.slices(Arena.ofAuto().allocate(FRAME_BYTES, FRAME_BYTES)));
            own.add(frame);
            page = own.take(pages);
        }
        for (int i = 0; i < pages; i++) {
            segment(page + i << PAGE_SHIFT).fill((byte) 0);
        }
        pagesInUse += pages;
        return page << PAGE_SHIFT;
    }

    /** Gives pages back that {@link #allocate} gave. Nothing may use them any more. */
    public synchronized void free(long address, int pages) {
        pagesInUse -= pages;
        if (own.give(address >>> PAGE_SHIFT, pages)) {
            releaseFrame((int) (address >>> FRAME_SHIFT));
        }
    }

    /**
     * Makes memory of this process reachable.
     *
     * @param memory native memory, a whole number of pages
     * @param iova where it will be mapped, which decides how large its runs can be
     * @throws HostException ENOMEM
     */
    public synchronized PinnedMemory pin(MemorySegment memory, long iova) throws HostException {
        var runs = new ArrayList<Run>();
        long length = memory.byteSize();
        try {
            for (long offset = 0; offset < length; ) {
                long run = runLength(iova + offset, length - offset);
                runs.add(new Run(offset, run == FRAME_BYTES
                        ? pinFrame(memory.asSlice(offset, FRAME_BYTES))
                        : pinPages(memory.asSlice(offset, run)), run));
                offset += run;
            }
        } catch (HostException e) {
            runs.forEach(this::release);
            throw e;
        }
        pinnedBytes += length;
        return new PinnedMemory(length, runs);
    }

    private static long runLength(long iova, long left) {
        if ((iova & FRAME_BYTES - 1) == 0 && left >= FRAME_BYTES) {
            return FRAME_BYTES;
        }
        return (iova & MEDIUM_BYTES - 1) == 0 && left >= MEDIUM_BYTES ? MEDIUM_BYTES : PAGE_BYTES;
    }

    private long pinFrame(MemorySegment memory) throws HostException {
        int frame = takeFrame();
        put(frame, memory);
        return (long) frame << FRAME_SHIFT;
    }

    private long pinPages(MemorySegment memory) throws HostException {
        int pages = (int) (memory.byteSize() >>> PAGE_SHIFT);
        long page = tails.take(pages);
        if (page < 0) {
            int frame = takeFrame();
            put(frame, new MemorySegment[SplitFrames.PAGES]);
            tails.add(frame);
            page = tails.take(pages);
        }
        var slots = (MemorySegment[]) frames[(int) (page / SplitFrames.PAGES)];
        for (int i = 0; i < pages; i++) {
            slots[(int) (page % SplitFrames.PAGES) + i] = memory.asSlice((long) i << PAGE_SHIFT, PAGE_BYTES);
        }
        return page << PAGE_SHIFT;
    }

    /** Makes memory unreachable again. Nothing may map it any more, and no transaction may be using it. */
    public synchronized void unpin(PinnedMemory memory) {
        memory.runs().forEach(this::release);
        pinnedBytes -= memory.length();
    }

    private void release(Run run) {
        int frame = (int) (run.address() >>> FRAME_SHIFT);
        if (run.length() == FRAME_BYTES) {
            releaseFrame(frame);
            return;
        }
        int pages = (int) (run.length() >>> PAGE_SHIFT);
        long page = run.address() >>> PAGE_SHIFT;
        int slot = (int) (page % SplitFrames.PAGES);
        Arrays.fill((MemorySegment[]) frames[frame], slot, slot + pages, null);
        if (tails.give(page, pages)) {
            releaseFrame(frame);
        }
    }

    private int takeFrame() throws HostException {
        if (freeFrames.isEmpty()) {
            for (int i = 0; i < FRAMES_AT_ONCE && nextFrame <= lastFrame; i++) {
                freeFrames.add(nextFrame++);
            }
            if (freeFrames.isEmpty()) {
                throw new HostException(Operation.ALLOC_PAGE.name(), Errno.ENOMEM,
                        "host memory ends at 0x%x".formatted((lastFrame + 1L) << FRAME_SHIFT));
            }
            if (frames.length < nextFrame) {
                frames = Arrays.copyOf(frames, Math.max(nextFrame, frames.length * 2));
            }
        }
        int last = freeFrames.size() - 1;
        int chosen = random.nextInt(last + 1);
        int frame = freeFrames.get(chosen);
        freeFrames.set(chosen, freeFrames.get(last));
        freeFrames.remove(last);
        return frame;
    }

    private void put(int frame, Object memory) {
        frames[frame] = memory;
    }

    private void releaseFrame(int frame) {
        put(frame, null);
        freeFrames.add(frame);
    }

    /** {@return the memory around an address: its frame or its page, aligned to its own size, or null} */
    MemorySegment segment(long address) {
        Object[] now = frames;
        long frame = address >>> FRAME_SHIFT;
        if (frame >= now.length) {
            return null;
        }
        return switch (now[(int) frame]) {
            case MemorySegment whole -> whole;
            case MemorySegment[] pages -> pages[(int) (address >>> PAGE_SHIFT) & SplitFrames.PAGES - 1];
            case null, default -> null;
        };
    }

    /** {@return pages that the host itself uses} */
    public synchronized long pagesInUse() {
        return pagesInUse;
    }

    /** {@return bytes of guests that are pinned} */
    public synchronized long pinnedBytes() {
        return pinnedBytes;
    }
}
