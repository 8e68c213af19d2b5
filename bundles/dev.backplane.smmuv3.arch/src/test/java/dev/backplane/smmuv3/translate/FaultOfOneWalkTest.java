package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The guest changes tables while a transaction that faults reads them. Whenever the change falls, how the transaction
 * ends and the event are what one walk makes of it (IHI 0070 section 7.3: the event is that of the transaction), though
 * the quick way has read the tables before.
 */
class FaultOfOneWalkTest {
    private static final int SID = 9;
    private static final long WARM = 0x1000;
    private static final long IOVA = 0x2_3000;
    private static final long OUTPUT = 0x5000_0000L;
    private static final long ELSEWHERE = 0x6000_0000L;
    private static final long READ_ONLY = TableDescriptor.AP2.mask();
    /** No walk reads so many words. */
    private static final int LONGEST = 80;

    private enum Change {
        STAGE1_INVALID_TO_READ_ONLY(false) {
            @Override
            Runnable make(Scene scene) {
                return scene.stage1(0, OUTPUT | PAGE | READ_ONLY);
            }
        },
        STAGE1_READ_ONLY_TO_INVALID(false) {
            @Override
            Runnable make(Scene scene) {
                return scene.stage1(OUTPUT | PAGE | READ_ONLY, 0);
            }
        },
        STAGE1_INVALID_TO_VALID(false) {
            @Override
            Runnable make(Scene scene) {
                return scene.stage1(0, OUTPUT | PAGE);
            }
        },
        STAGE1_INVALID_TO_EXTERNAL_ABORT(false) {
            @Override
            Runnable make(Scene scene) {
                scene.guest.map(scene.first, IOVA, 3, 0);
                long slot = scene.guest.slot(scene.first, IOVA, 2);
                return () -> scene.guest.memory.store(slot, 0x7000_0000L | 3);
            }
        },
        STAGE2_INVALID_TO_ACCESS_FLAG(true) {
            @Override
            Runnable make(Scene scene) {
                scene.stage1(OUTPUT | PAGE, 0);
                return scene.stage2(OUTPUT, 0, ELSEWHERE | S2_PAGE & ~TableDescriptor.AF.mask());
            }
        },
        IPA_TO_ANOTHER_IPA(true) {
            @Override
            Runnable make(Scene scene) {
                return scene.stage1(OUTPUT | PAGE, ELSEWHERE | PAGE);
            }
        },
        IPA_TO_ONE_THAT_IS_READ_ONLY(true) {
            @Override
            Runnable make(Scene scene) {
                scene.stage2(ELSEWHERE, ELSEWHERE | S2_PAGE & ~TableDescriptor.S2AP_WRITE.mask(), 0);
                return scene.stage1(OUTPUT | PAGE, ELSEWHERE | PAGE);
            }
        },
        TABLE_UNMAPPED_AT_STAGE2(true) {
            @Override
            Runnable make(Scene scene) {
                long slot = scene.guest.map(scene.first, IOVA, 3, 0);
                return scene.stage2(slot & -4096L, slot & -4096L | S2_PAGE, 0);
            }
        };

        final boolean nested;

        Change(boolean nested) {
            this.nested = nested;
        }

        /** Puts the tables into their first state; answers what changes them. */
        abstract Runnable make(Scene scene);
    }

    /** A guest anew, whose tables change before a given load. */
    private static final class Scene {
        final Guest guest = new Guest(Guest.VIRT);
        final Tables first = guest.tables(12, 39, 1);
        final Tables second = guest.tables(12, 39, 1);
        final List<SmmuEvent> events = new ArrayList<>();
        final SmmuTranslator smmu;
        private final Runnable change;
        private int loads;

        Scene(Change kind, int log2WalkEntries) {
            smmu = new SmmuTranslator(
                    Guest.VIRT, guest.memory, (_, event) -> events.add(event), new CacheSizes(4, log2WalkEntries));
            smmu.configure(guest.smmu.configuration());
            guest.cdAt(Guest.CD, Guest.cd(first, 1));
            guest.ste(SID, kind.nested ? Guest.nestedSte(Guest.CD, second, 1) : Guest.stage1Ste(Guest.CD));
            guest.map(first, WARM, 3, Guest.CD | PAGE);
            guest.identity(second, Guest.CD, 0x1000);
            guest.identity(second, first.root(), 0x1000);
            for (int level = 1; level < 3; level++) {
                guest.identity(second, guest.slot(first, WARM, level + 1) & -4096L, 0x1000);
            }
            change = kind.make(this);
        }

        Runnable stage1(long before, long after) {
            long slot = guest.map(first, IOVA, 3, before);
            return () -> guest.memory.store(slot, after);
        }

        Runnable stage2(long ipa, long before, long after) {
            long slot = guest.map(second, ipa, 3, before);
            return () -> guest.memory.store(slot, after);
        }

        void changeBefore(int load) {
            loads = 0;
            guest.memory.interfere(() -> {
                if (loads++ == load) {
                    change.run();
                }
            });
        }

        /** How a single walk ends. */
        String probed(int load) {
            changeBefore(load);
            return switch (smmu.probe(
                    guest.context, TransactionAttributes.ofRequester(SID), IOVA, AccessKind.WRITE, null)) {
                case TranslationOutcome.Mapped(var mapped) -> mapped + " []";
                case TranslationOutcome.Terminated terminated -> terminated.how() + " [" + terminated.event() + "]";
            };
        }

        String translated(int load) {
            guest.memory.interfere(() -> {});
            assertThat(translate(WARM)).isInstanceOf(Translation.Mapped.class);
            changeBefore(load);
            Translation answer = translate(IOVA);
            return answer + " " + events;
        }

        private Translation translate(long iova) {
            return smmu.translate(guest.context, TransactionAttributes.ofRequester(SID), iova, AccessKind.WRITE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void howeverTheTablesChangeMeanwhile(Change kind) {
        Set<String> ofOneWalk = new HashSet<>();
        for (int load = 0; load < LONGEST; load++) {
            ofOneWalk.add(new Scene(kind, 0).probed(load));
        }
        assertThat(ofOneWalk).as("outcomes").hasSizeGreaterThan(1);
        for (int load = 0; load < LONGEST; load++) {
            assertThat(new Scene(kind, 0).translated(load)).as("change before load %d", load).isIn(ofOneWalk);
            assertThat(new Scene(kind, 12).translated(load)).as("change before load %d, walk cache", load)
                    .isIn(ofOneWalk);
        }
    }
}
