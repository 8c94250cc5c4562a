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

/// The truth about the connection, and what it cost.
struct ConnectionView: View {
    let screen: ConnectionPanel

    var body: some View {
        NavigationStack {
            List {
                if let connection = screen.connection {
                    Section {
                        Text(connection.state.explanation)
                        if let failure = connection.failure { Text(verbatim: failure.advice) }
                        if let retry = connection.retryAt {
                            LabeledContent("Next attempt") { Text(retry, style: .relative) }
                        }
                        if connection.unanswered { Text("The server does not answer") }
                        if connection.state == .stopped { Button("Try again") { Task { await screen.tryAgain() } } }
                    }
                }
                if let traffic = screen.traffic {
                    Section("Cost") {
                        LabeledContent("Sent") { Text(Int64(traffic.bytesUp), format: .byteCount(style: .file)) }
                        LabeledContent("Received") { Text(Int64(traffic.bytesDown), format: .byteCount(style: .file)) }
                        LabeledContent("Round trips") { Text(traffic.flights, format: .number) }
                        LabeledContent("Connections") { Text(traffic.connects, format: .number) }
                    }
                }
            }
            .navigationTitle("Connection")
        }
    }
}
