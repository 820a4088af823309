package io.tailrace.coordinator.group;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which members are alive, as far as the coordinator has seen since it leads: not part of the log,
 * and begun anew by each coordinator. Not thread-safe. All times are monotonic, milliseconds.
 *
 * <pre>
 *   heartbeat            -> alive until the session timeout
 *   connection closed    -> dynamic: alive for the grace, unless a heartbeat comes over another one
 *                           static: as before, but another process may take its place at once
 *   has to give up much  -> alive until the rebalance timeout
 * </pre>
 */
final class MemberSessions {
  /** How long a member whose connection was closed may take to come back over another one. */
  static final long GRACE_MS = 500;

  private static final long NEVER = Long.MAX_VALUE;

  private final Map<MemberKey, Session> sessions = new HashMap<>();

  private static final class Session {
    private long sequence = -1;
    private Object connection;
    private boolean gone;
    private long aliveUntilMs;
    private long graceUntilMs = NEVER;
    private long revokedByMs = NEVER;
  }

  void clear() {
    sessions.clear();
  }

  void forget(MemberKey key) {
    sessions.remove(key);
  }

  /** Gives a member a whole session, as if it had just been heard of. */
  void begin(MemberKey key, MemberInfo info, long nowMs) {
    Session session = sessions.computeIfAbsent(key, each -> new Session());
    session.aliveUntilMs = nowMs + info.sessionTimeoutMs();
  }

  /**
   * Notes a heartbeat.
   *
   * @return false when a later one came before it: it must not be looked at
   */
  boolean onHeartbeat(
      MemberKey key, MemberInfo info, long sequence, Object connection, long nowMs) {
    Session session = sessions.computeIfAbsent(key, each -> new Session());
    if (sequence <= session.sequence) {
      return false;
    }
    session.sequence = sequence;
    session.connection = connection;
    session.gone = false;
    session.graceUntilMs = NEVER;
    session.aliveUntilMs = nowMs + info.sessionTimeoutMs();
    return true;
  }

  /** Gives every member the time in which this process stood still. */
  void extend(long ms) {
    for (Session session : sessions.values()) {
      session.aliveUntilMs += ms;
      session.graceUntilMs += session.graceUntilMs == NEVER ? 0 : ms;
      session.revokedByMs += session.revokedByMs == NEVER ? 0 : ms;
    }
  }

  /** Notes that the member's own side has closed a connection. */
  void onConnectionClosed(MemberKey key, MemberInfo info, Object connection, long nowMs) {
    Session session = sessions.get(key);
    if (session != null && connection.equals(session.connection)) {
      session.gone = true;
      if (!info.isStatic()) {
        session.graceUntilMs = nowMs + GRACE_MS;
      }
    }
  }

  /** Notes that a static member has stopped: another process may take its place. */
  void onStopped(MemberKey key) {
    Session session = sessions.get(key);
    if (session != null) {
      session.gone = true;
    }
  }

  /** Whether the member's connection was closed, or it has stopped. */
  boolean isGone(MemberKey key) {
    Session session = sessions.get(key);
    return session == null || session.gone;
  }

  /** Whether the member must be removed: it is silent, or takes too long to give up partitions. */
  boolean isOver(MemberKey key, GroupMember member, long nowMs) {
    Session session = sessions.get(key);
    if (session == null) {
      begin(key, member.info(), nowMs);
      return false;
    }
    if (member.revoking().isEmpty()) {
      session.revokedByMs = NEVER;
    } else if (session.revokedByMs == NEVER) {
      session.revokedByMs = nowMs + member.info().rebalanceTimeoutMs();
    }
    return nowMs >= session.aliveUntilMs
        || nowMs >= session.graceUntilMs
        || nowMs >= session.revokedByMs;
  }

  /** The members of a group that must be removed. */
  List<String> over(GroupState group, long nowMs) {
    List<String> over = new ArrayList<>();
    for (GroupMember member : group.members().values()) {
      if (isOver(new MemberKey(group.id(), member.id()), member, nowMs)) {
        over.add(member.id());
      }
    }
    return over;
  }
}
