import Heliograph
import HeliographKit
import SwiftUI

/// The line above the inbox.
struct ConnectionLabel: View {
    let connection: Connection?

    var body: some View {
        Label(connection?.state.explanation ?? "Asleep", systemImage: "antenna.radiowaves.left.and.right")
            .frame(maxWidth: .infinity)
    }
}

/// The truth about the connection and the battery.
struct ConnectionView: View {
    let screen: ConnectionPanel

    var body: some View {
        List {
            if let connection = screen.connection {
                Section {
                    Text(connection.state.explanation)
                    if let failure = connection.failure { Text(verbatim: failure.advice) }
                    if screen.wantsPassword { Text("A new password belongs into the settings.") }
                    if let retry = connection.retryAt {
                        LabeledContent("Next attempt") { Text(retry, style: .relative) }
                    }
                    if connection.unanswered { Text("The server does not answer") }
                    if connection.state == .stopped { Button("Try again") { Task { await screen.tryAgain() } } }
                    LabeledContent("The phone is") { Text(connection.situation.explanation) }
                    if let next = screen.nextCatchUp {
                        LabeledContent("Wakes by itself") { Text(next, style: .relative) }
                    }
                }
            }
            Section("What cost how much, in seven days") {
                ForEach(screen.usage?.bySituation ?? [], id: \.situation) { CostRow(cost: $0) }
            }
            if let traffic = screen.traffic {
                Section("Since the app was opened") {
                    LabeledContent("Sent") { Text(Int64(traffic.bytesUp), format: .byteCount(style: .file)) }
                    LabeledContent("Received") { Text(Int64(traffic.bytesDown), format: .byteCount(style: .file)) }
                    LabeledContent("Round trips") { Text(traffic.flights, format: .number) }
                    LabeledContent("Connections") { Text(traffic.connects, format: .number) }
                }
            }
        }
        .navigationTitle("Connection and battery")
        .refreshable { await screen.refresh() }
        .task { await screen.refresh() }
    }
}

private struct CostRow: View {
    let cost: SituationUsage

    var body: some View {
        LabeledContent {
            VStack(alignment: .trailing) {
                Text(Int64(clamping: cost.bytes), format: .byteCount(style: .file))
                Text(cost.duration, format: .units(width: .narrow, maximumUnitCount: 2))
                Text("\(cost.connects) connections, woken \(cost.wakes) times").font(.caption)
            }
        } label: {
            Text(cost.situation.explanation)
        }
        .accessibilityElement(children: .combine)
    }
}
