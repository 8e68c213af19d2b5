package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;

/** All shipped features run together. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class ShippedFeaturesIT {

    /** Components that rightly wait for a configuration, which features or users give. */
    private static final Set<String> WAIT_FOR_CONFIGURATION = Set.of("backplane.board");

    @Inject
    private BundleContext context;

    @Inject
    private ServiceComponentRuntime components;

    @Inject
    private Boards boards;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(ShippedFeatures.names().toArray(String[]::new)));
    }

    @Test
    public void everyBundleIsActive() {
        assertThat(context.getBundles())
                .allSatisfy(bundle -> assertThat(bundle.getState())
                        .as("state of %s", bundle)
                        .isEqualTo(isFragment(bundle) ? Bundle.RESOLVED : Bundle.ACTIVE));
    }

    @Test
    public void everyComponentIsSatisfiedOrWaitsForAConfiguration() {
        List<String> unsatisfied = new ArrayList<>();
        for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs()) {
            if (Arrays.stream(description.configurationPid).anyMatch(WAIT_FOR_CONFIGURATION::contains)) {
                continue;
            }
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(description)) {
                if ((configuration.state
                                & (ComponentConfigurationDTO.ACTIVE | ComponentConfigurationDTO.SATISFIED))
                        == 0) {
                    unsatisfied.add(description.name);
                }
            }
        }
        assertThat(unsatisfied).isEmpty();
    }

    @Test
    public void noComponentFailedToStart() {
        List<String> failures = new ArrayList<>();
        for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs()) {
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(description)) {
                if (configuration.failure != null) {
                    failures.add(description.name + ": " + configuration.failure);
                }
            }
        }
        assertThat(failures).isEmpty();
    }

    @Test
    public void theBoardOfTheFeaturesIsComposed() throws InterruptedException {
        Board board = boards.find("virt0").orElseThrow();
        assertThat(board.awaitComplete(Duration.ofSeconds(30))).as("%s", board.why()).isTrue();
    }

    private static boolean isFragment(Bundle bundle) {
        return bundle.getHeaders().get(Constants.FRAGMENT_HOST) != null;
    }
}
