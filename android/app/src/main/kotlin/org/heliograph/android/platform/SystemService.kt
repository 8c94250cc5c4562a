package org.heliograph.android.platform

import android.content.Context

/** A service that every phone has. */
internal inline fun <reified T> Context.service(): T = checkNotNull(getSystemService(T::class.java))
