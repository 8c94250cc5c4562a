package org.heliograph

import org.heliograph.ffi.uniffiContinuationHandleMap
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name

/**
 * What a client could leave behind in this process, as far as it can be counted. Memory can't: the virtual machine's
 * compiler takes and gives back more of it than ten thousand subscriptions would.
 */
internal data class Traces(val descriptors: Int, val threadsOfHeliograph: Int, val waitsInTheBindings: Int) {
    internal companion object {
        /** What there is now. */
        fun now(): Traces = Traces(
            descriptors = Path.of("/proc/self/fd").listDirectoryEntries().size,
            threadsOfHeliograph = threadsOfHeliograph().size,
            waitsInTheBindings = uniffiContinuationHandleMap.size,
        )

        /** Names of the threads that clients have started. */
        fun threadsOfHeliograph(): List<String> = Path.of("/proc/self/task").listDirectoryEntries().mapNotNull { task ->
            // A thread may end while it is looked at.
            runCatching { Files.readString(task.resolve("comm")).trim() }.getOrNull()
                ?.takeIf { it.startsWith("heliograph") }
        }

        fun databasesOpen(): List<String> = Path.of("/proc/self/fd").listDirectoryEntries().mapNotNull { descriptor ->
            runCatching { Files.readSymbolicLink(descriptor).name }.getOrNull()?.takeIf { ".db" in it }
        }
    }
}
