package org.heliograph.android.platform

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import org.heliograph.FailureCode
import org.heliograph.android.state.ChatScreen
import org.heliograph.getOrThrow
import org.heliograph.startChat
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import java.io.File
import java.io.IOException
import java.io.OutputStream

/** A phone whose storage is full, really: its files lie on a disk of a few megabytes that the stage has made. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = FullDiskTest.SmallPhone::class)
class FullDiskTest {
    internal class SmallPhone : PhoneApp() {
        override fun getNoBackupFilesDir(): File = DISK?.let(::File) ?: super.getNoBackupFilesDir()
    }

    private val app = RuntimeEnvironment.getApplication() as SmallPhone
    private val ballast by lazy { File(checkNotNull(DISK), "ballast") }

    @Before
    fun prepare() {
        assumeTrue("no small disk could be made on this machine", DISK != null)
        StandInKeyStore.install()
    }

    @After
    fun end() = runBlocking { app.phoneAccount.shutdown() }

    /** Large blocks first, so that it is quick, then down to the last byte. */
    private fun fill() = ballast.outputStream().use { file ->
        listOf(64 * 1024, 4096, 1).map(::ByteArray).forEach { fill(file, it) }
    }

    private fun fill(file: OutputStream, block: ByteArray) {
        try {
            while (true) file.write(block)
        } catch (_: IOException) {
            // Full for blocks of this size.
        }
    }

    @Test
    fun `what can't be kept or sent is said and stays in its box, until there is room`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("zoe"))
        open.online()
        val chat = app.phoneAccount.awake { it.startChat(Server.account("finn").address).getOrThrow() }.getOrThrow()
        val scope = CoroutineScope(coroutineContext + SupervisorJob())
        val screen = ChatScreen(open.messenger, chat, scope)
        screen.state.until { it.draft != null }

        fill()
        screen.typed(LONG)
        screen.keepDraft()
        screen.state.until { it.failure?.code == FailureCode.DISK_FULL }
        screen.dismiss()
        screen.send(LONG)
        screen.state.until { it.failure?.code == FailureCode.DISK_FULL }
        assertEquals("the box is emptied by what was sent", 0, screen.state.value.sent)

        ballast.delete()
        screen.keepDraft()
        open.messenger.conversations().until { all -> all.any { it.id == chat && it.draft == LONG } }
        screen.send(LONG)
        screen.state.until { it.sent == 1 && it.failure == null }
        assertEquals("", open.messenger.conversation(chat).getOrThrow().draft)
        scope.cancel()
    }

    private companion object {
        val DISK: String? = System.getProperty("heliograph.small-disk")

        /** Longer than what may be free inside the database's files when the disk is full. */
        val LONG = "x".repeat(60_000)
    }
}
