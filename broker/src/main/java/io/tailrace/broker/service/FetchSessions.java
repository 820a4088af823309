package io.tailrace.broker.service;

import java.util.concurrent.Executor;

/** The fetch session of one connection, if it has one. Confined to the connection's thread. */
public final class FetchSessions {
  private final Executor loop;
  private FetchSession session;
  private int lastId;

  /**
   * @param loop the connection's thread
   */
  public FetchSessions(Executor loop) {
    this.loop = loop;
  }

  /** Begins a session in place of an earlier one. */
  FetchSession begin(ResponseMemory memory) {
    close();
    lastId = lastId == Integer.MAX_VALUE ? 1 : lastId + 1;
    session = new FetchSession(lastId, memory, loop);
    return session;
  }

  /** Null when there is none with this id. */
  FetchSession find(int id) {
    return session != null && session.id() == id && !session.isClosed() ? session : null;
  }

  /** Ends the session, since the connection ends. */
  public void close() {
    if (session != null) {
      session.close();
      session = null;
    }
  }
}
