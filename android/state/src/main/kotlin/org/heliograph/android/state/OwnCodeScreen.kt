package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.Failure
import org.heliograph.getOrThrow

/** See [OwnCodeScreen]. */
public data class OwnCodeState(
    /** Our account. */
    val address: String,
    /** What the QR code holds; nothing while it is being made. */
    val uri: String? = null,
    /** Why there is none. */
    val failure: Failure? = null,
)

/** Our own address, to be scanned by others. */
public class OwnCodeScreen(private val messenger: Messenger, parent: CoroutineScope) :
    Screen<OwnCodeState>(parent, OwnCodeState(messenger.address)) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val uri = messenger.contactUri().getOrThrow()
            change { it.copy(uri = uri) }
        }
    }
}
