package dev.backplane.core.board;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.device.DeviceFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** Finds the installed bundle whose component descriptions promise a service that is missed. */
final class ProviderAdvice {
    private static final String COMPONENTS = "Service-Component";
    private static final Pattern VALUE = Pattern.compile("\\svalue=\"([^\"]*)\"");
    private final BundleContext context;

    ProviderAdvice(BundleContext context) {
        this.context = context;
    }

    /** {@return what helps, as a shell command where one is known} */
    String forService(String property, String value) {
        Pattern promise = Constants.OBJECTCLASS.equals(property)
                ? Pattern.compile("<provide\\s[^>]*interface=\"" + Pattern.quote(value) + "\"")
                : Pattern.compile(("<property\\s[^>]*name=\"%s\"[^>]*value=\"%s\""
                                + "|<property\\s[^>]*value=\"%s\"[^>]*name=\"%s\"")
                        .formatted(
                                Pattern.quote(property),
                                Pattern.quote(value),
                                Pattern.quote(value),
                                Pattern.quote(property)));
        return advice(component -> promise.matcher(component).find());
    }

    /** {@return what helps when no factory of a type is there for slots that were given these property values} */
    String forFactory(String type, Map<String, ?> given) {
        return advice(component -> type.equals(value(component, DeviceFactory.TYPE))
                && admits(value(component, DeviceFactory.WHEN), given));
    }

    private static boolean admits(String when, Map<String, ?> given) {
        try {
            return when == null || FactoryCondition.of(when).admits(given);
        } catch (IllegalArgumentException noFilter) {
            return false;
        }
    }

    /** {@return the value of a property in a component description, or null} */
    private static String value(String component, String property) {
        Matcher element = Pattern.compile("<property\\s[^>]*name=\"%s\"[^>]*>".formatted(Pattern.quote(property)))
                .matcher(component);
        Matcher value = element.find() ? VALUE.matcher(element.group()) : null;
        return value != null && value.find()
                ? value.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
                : null;
    }

    private String advice(Predicate<String> promise) {
        for (Bundle bundle : context.getBundles()) {
            if (promises(bundle, promise)) {
                return remedy(bundle);
            }
        }
        return "install and start a bundle that provides it: felix:install file:JAR, then felix:start ID";
    }

    private static String remedy(Bundle bundle) {
        return switch (bundle.getState()) {
            case Bundle.ACTIVE, Bundle.STARTING -> "its component in bundle %s [%d] is not satisfied: scr:list %d"
                    .formatted(bundle.getSymbolicName(), bundle.getBundleId(), bundle.getBundleId());
            default -> "felix:start %d".formatted(bundle.getBundleId());
        };
    }

    private static boolean promises(Bundle bundle, Predicate<String> promise) {
        String header = bundle.getState() == Bundle.UNINSTALLED ? null : bundle.getHeaders().get(COMPONENTS);
        if (header == null) {
            return false;
        }
        for (String path : header.split(",")) {
            URL entry = bundle.getEntry(path.strip());
            if (entry != null && promise.test(read(entry))) {
                return true;
            }
        }
        return false;
    }

    private static String read(URL entry) {
        try (InputStream in = entry.openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
