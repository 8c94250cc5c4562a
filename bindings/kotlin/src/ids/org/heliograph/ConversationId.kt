package org.heliograph

/**
 * Names a conversation on this device.
 *
 * @property number what the core knows it by; stable, so it may be kept in a notification or a link
 */
@JvmInline
public value class ConversationId(public val number: Long)
