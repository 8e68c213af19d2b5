/**
 * Boards: machine types that define them, slots that hold their devices, and what a shell, a protocol server or a test
 * does with them.
 */
@Version("1.2.0")
@Export
package dev.backplane.board;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
