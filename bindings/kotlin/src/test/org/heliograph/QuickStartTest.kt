package org.heliograph

import org.heliograph.quickstart.quickStart
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Path

/** The README's quick start, which the build takes out of it, run as it is printed there. */
internal class QuickStartTest {
    @Test
    fun `the quick start says what it has sent`(@TempDir folder: Path) {
        val account = Environment.configuration(Environment.account("gina"))
        val (output, said) = System.out to ByteArrayOutputStream()
        System.setOut(PrintStream(said, true))
        try {
            quickStart(folder.resolve("ana.db").toString(), account, Environment.account("chloe").address)
        } finally {
            System.setOut(output)
        }
        assertEquals("the bridge is open again", said.toString().trim().substringAfter(" ").substringAfter(" "))
    }
}
