/** What a device author writes: a factory, a model, its properties, its life and its saved state. */
@Version("1.1.0")
@Export
package dev.backplane.device;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
