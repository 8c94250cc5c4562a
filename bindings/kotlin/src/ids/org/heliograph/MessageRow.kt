package org.heliograph

/**
 * Names a message on this device.
 *
 * @property number what the core knows it by; stable
 */
@JvmInline
public value class MessageRow(public val number: Long)
