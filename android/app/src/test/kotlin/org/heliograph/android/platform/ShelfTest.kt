package org.heliograph.android.platform

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.runBlocking
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.Preferences
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** What the user wants of the app. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class ShelfTest {
    private val said = Channel<Pair<Preferences, Preferences>>(Channel.UNLIMITED)

    /** What a process begins with. */
    private fun shelf(): Shelf {
        val scope = CoroutineScope(Dispatchers.Default)
        return Shelf(RuntimeEnvironment.getApplication(), scope) { before, now -> said.trySend(before to now) }
    }

    @Test
    fun `what a new process changes before it has read leaves the rest as it was, and the last change counts`() =
        runBlocking {
            assertEquals(Preferences(), shelf().read())
            val dark = Preferences(brightness = Brightness.DARK, notificationText = false)
            shelf().change { dark }
            assertEquals(Preferences() to dark, said.receive())

            val second = shelf()
            second.change { it.copy(liveMode = true) }
            second.change { it.copy(liveMode = false, highContrast = true) }
            assertEquals(dark to dark.copy(liveMode = true), said.receive())
            assertEquals(dark.copy(liveMode = true) to dark.copy(highContrast = true), said.receive())
            assertEquals(dark.copy(highContrast = true), second.read())
            assertEquals(dark.copy(highContrast = true), shelf().read())
        }
}
