package org.heliograph

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * Has the server announce messages at an app server while this device sleeps (XEP-0357), and nowhere else. The wish is
 * kept, and made again with each new session; [push] tells how far it is.
 */
public suspend fun Heliograph.enablePush(target: PushTarget): Outcome<Unit> = attempt { core.enablePush(target) }

/** Takes [enablePush] back. Until the server knows, it may go on announcing. */
public suspend fun Heliograph.disablePush(): Outcome<Unit> = attempt { core.disablePush() }

/** How far push has got, now and each time that changes. Ends when the client is shut down. */
public val Heliograph.push: Flow<Push> get() = flow {
    val changes = attempt { core.pushChanges() }.untilClosed() ?: return@flow
    changes.use { while (true) emit(attempt { changes.next() }.untilClosed() ?: return@flow) }
}
