package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/**
 * The process ends while a device of the host does DMA: in whatever order the bundles stop, nobody complains and
 * nothing is touched that is gone.
 */
public class ExitWithHostDevicesIT {
    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    private static final List<String> WORK = List.of(
            "board:create passed accel=kvm memory=64M device=arm-smmuv3,id=smmu0,accel=on,primary-bus=pcie.0 "
                    + "device=vfio-pci,id=nic0,host=0000:01:00.0,iommufd=iommufd0",
            "mem:write 0x4010008010 0x10000000", // BAR0
            "mem:write 0x4010008014 0x10001000",
            "mem:write 0x4010008004 0x6",
            "mem:write 0x10000010 0x40100000",
            "mem:write 0x10000018 0x10000",
            "mem:write 0x1000001c 0x0df0ad0b",
            "mem:write 0x10000020 0x12", // fill again and again
            "sleep 1",
            "mem:read 0x40100000 16");

    @Test
    public void theProcessEndsInOrderWhileHardwareWorks() throws Exception {
        Path script = folder.newFile("work").toPath();
        Files.write(script, WORK);
        CommandRun run = CommandRun.of(folder, "-f", script.toString());
        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output()).contains("0b ad f0 0d").doesNotContain("Exception", "warning", "error");
    }
}
