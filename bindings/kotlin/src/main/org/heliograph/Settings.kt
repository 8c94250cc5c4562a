package org.heliograph

/** What the user has chosen. */
public suspend fun Heliograph.settings(): Outcome<Settings> = attempt { core.settings() }

/** Changes what the user has chosen. */
public suspend fun Heliograph.changeSettings(settings: Settings): Outcome<Unit> =
    attempt { core.changeSettings(settings) }
