package dev.backplane.core.board;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** Finds the installed bundle whose component descriptions promise a service that is missed. */
final class ProviderAdvice {
    private static final String COMPONENTS = "Service-Component";
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

    private static boolean promises(Bundle bundle, Pattern promise) {
        String header = bundle.getState() == Bundle.UNINSTALLED ? null : bundle.getHeaders().get(COMPONENTS);
        if (header == null) {
            return false;
        }
        for (String path : header.split(",")) {
            URL entry = bundle.getEntry(path.strip());
            if (entry != null && promise.matcher(read(entry)).find()) {
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
