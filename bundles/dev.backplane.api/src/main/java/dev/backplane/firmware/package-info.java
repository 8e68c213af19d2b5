/** What devices contribute to the tables that firmware shows to a guest. */
@Version("1.0.0")
@Export
package dev.backplane.firmware;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
