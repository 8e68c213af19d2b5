/** Registers and bit fields declared once, as tables that read like the specification. */
@Version("1.0.0")
@Export
package dev.backplane.register;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
