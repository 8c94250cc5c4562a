package org.heliograph

/** What the account cost in the last seven days, by what the phone was doing meanwhile: the costliest first. */
public suspend fun Heliograph.usage(): Outcome<Usage> = attempt { core.usage() }
