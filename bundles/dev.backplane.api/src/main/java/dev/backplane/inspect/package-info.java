/** What a model shows of itself: trees of named values, and explained translations. */
@Version("1.0.0")
@Export
package dev.backplane.inspect;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
