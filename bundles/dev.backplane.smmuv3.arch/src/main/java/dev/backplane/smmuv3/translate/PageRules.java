package dev.backplane.smmuv3.translate;

import dev.backplane.memory.MemoryAttributes;

/**
 * What finds the stage 1 leaves of one half of an address space, and turns them into mappings, worked out in advance.
 * Immutable.
 */
final class PageRules {
    final ContextConfig.Stage1 stage1;
    final TableGeometry geometry;
    final int pageShift;
    /** Attributes that tables impose, 0 where HAD ignores them. */
    final long hierarchyMask;

    /** By AttrIndx, and SH in the low bits. */
    private final MemoryAttributes[] attributes = new MemoryAttributes[32];

    private PageRules(ContextConfig.Stage1 stage1, Stage1Table half) {
        this.stage1 = stage1;
        geometry = half.geometry();
        pageShift = geometry.granule().shift();
        hierarchyMask = half.hierarchicalDisabled() ? 0 : Stage1Walker.HIERARCHICAL;
        for (int i = 0; i < attributes.length; i++) {
            attributes[i] = AttributeRules.stage1(stage1.mair(), i >> 2, i & 3);
        }
    }

    /** {@return the rules of a half; null where each descriptor needs a closer look} */
    static PageRules of(ContextConfig.Stage1 stage1, Stage1Table half) {
        return half == null || half.unprivilegedDisabled() || half.geometry().wide()
                ? null
                : new PageRules(stage1, half);
    }

    MemoryAttributes attributes(int index, int sh) {
        return attributes[index << 2 | sh];
    }
}
