import Heliograph
import HeliographKit
import SwiftUI

/// Why a message of ours is where it is.
struct DeliveryView: View {
    @State private var screen: DeliveryExplanation
    @Environment(\.dismiss) private var dismiss

    init(client: Client, message: Message) {
        _screen = State(initialValue: DeliveryExplanation(client: client, message: message))
    }

    var body: some View {
        NavigationStack {
            List {
                if let delivery = screen.delivery {
                    Section {
                        Text(delivery.message.state.explanation)
                        if !delivery.advice.isEmpty { Text(verbatim: delivery.advice) }
                        if let failure = delivery.message.failure { Text(verbatim: failure.advice) }
                    }
                    Section("Recipients") {
                        ForEach(delivery.recipients, id: \.address) { recipient in
                            LabeledContent {
                                Text(
                                    recipient.displayedAtMs != nil
                                        ? "Read" : recipient.deliveredAtMs != nil ? "Delivered" : "Waiting")
                            } label: {
                                Text(verbatim: recipient.address)
                            }
                        }
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
            .navigationTitle("Delivery")
            .alert($screen.failure)
        }
        .task { await screen.listen() }
    }
}
