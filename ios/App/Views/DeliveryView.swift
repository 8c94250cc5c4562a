import Heliograph
import HeliographKit
import SwiftUI

/// Why a message of ours is where it is.
struct DeliveryView: View {
    @State var screen: DeliveryExplanation
    @Environment(\.dismiss) private var dismiss

    var body: some View {
        List {
            if let delivery = screen.delivery {
                Section {
                    Text(delivery.message.state.explanation)
                    if let waiting = delivery.waitingFor { Text(waiting.explanation) }
                    if !delivery.advice.isEmpty { Text(verbatim: delivery.advice) }
                    if let failure = delivery.message.failure { Text(verbatim: failure.advice) }
                    LabeledContent("Written") { Text(delivery.queuedAt, style: .relative) }
                    if delivery.attempts > 0 {
                        LabeledContent("Attempts") { Text(delivery.attempts, format: .number) }
                    }
                }
                Section("Recipients") {
                    ForEach(delivery.recipients, id: \.address) { RecipientRow(recipient: $0) }
                }
            }
            if screen.canSendAgain { Button("Send again") { Task { await screen.sendAgain() } } }
            if screen.canDiscard {
                Button("Take back", role: .destructive) {
                    Task {
                        await screen.discard()
                        dismiss()
                    }
                }
            }
        }
        .titled("Delivery", failure: $screen.failure)
        .task { await screen.listen() }
    }
}

private struct RecipientRow: View {
    let recipient: Recipient

    var body: some View {
        LabeledContent {
            if let moment = recipient.displayedAt ?? recipient.deliveredAt {
                VStack(alignment: .trailing) {
                    Text(recipient.displayedAt == nil ? "Delivered" : "Read")
                    Text(moment, style: .time).font(.caption)
                }
            } else {
                Text("Waiting")
            }
        } label: {
            VStack(alignment: .leading) {
                Text(verbatim: recipient.name)
                Text(verbatim: recipient.address).font(.caption).foregroundStyle(.secondary)
            }
        }
    }
}
