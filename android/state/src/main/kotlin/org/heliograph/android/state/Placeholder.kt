package org.heliograph.android.state

internal object Placeholder
