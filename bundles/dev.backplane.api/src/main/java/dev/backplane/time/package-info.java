/** The board's virtual time. */
@Version("1.0.0")
@Export
package dev.backplane.time;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
