import Foundation
import Heliograph

/// One line of a conversation's screen.
public enum ChatLine: Identifiable, Equatable {
    /// A day begins.
    case day(Date)
    /// Messages are missing here.
    case seam(SeamKind, position: Int64)
    /// A message.
    case message(Bubble)

    /// Stable while the line stands for the same thing.
    public var id: String {
        switch self {
        case .day(let date): "day \(Int(date.timeIntervalSince1970))"
        case .seam(_, let position): "seam \(position)"
        case .message(let bubble): "message \(bubble.message.row.number)"
        }
    }
}

/// A message and how it stands among its neighbours.
public struct Bubble: Equatable {
    /// The message.
    public let message: Message
    /// The message before it is by somebody else, or long ago: the sender is named here.
    public let beginsGroup: Bool
    /// The message after it is by somebody else, or much later: time and state stand here.
    public let endsGroup: Bool
}

/// Lays out a timeline: order, days, groups, seams.
public struct ChatLayout {
    /// Messages of one sender stand together if no more than this lies between them: five minutes, in milliseconds.
    static let groupingMs: Int64 = 5 * 60 * 1000

    /// Decides which day a moment belongs to.
    public var calendar: Calendar

    /// Days as this calendar has them.
    public init(calendar: Calendar = .current) {
        self.calendar = calendar
    }

    /// The lines of these messages and seams, which are in order.
    public func lines(_ messages: [Message], seams: [Seam]) -> [ChatLine] {
        var lines: [ChatLine] = []
        var seams = seams[...]
        var day: Date?
        for (index, message) in messages.enumerated() {
            // What has no place yet comes after everything that has one.
            while let seam = seams.first, seam.position <= message.position ?? .max {
                lines.append(.seam(seam.kind, position: seam.position))
                seams.removeFirst()
            }
            let today = calendar.startOfDay(for: message.sentAt)
            if today != day {
                lines.append(.day(today))
                day = today
            }
            let before = index > 0 ? messages[index - 1] : nil
            let after = index + 1 < messages.count ? messages[index + 1] : nil
            lines.append(
                .message(
                    Bubble(
                        message: message,
                        beginsGroup: !before.isTogether(with: message, calendar),
                        endsGroup: !after.isTogether(with: message, calendar)
                    )))
        }
        return lines + seams.map { .seam($0.kind, position: $0.position) }
    }
}

extension Message? {
    fileprivate func isTogether(with other: Message, _ calendar: Calendar) -> Bool {
        guard let self, self.sender == other.sender, self.security == other.security, self.state == other.state else {
            return false
        }
        return abs(self.sentAtMs - other.sentAtMs) <= ChatLayout.groupingMs
            && calendar.isDate(self.sentAt, inSameDayAs: other.sentAt)
    }
}
