package io.tailrace.broker.network;

/** Makes the connections of one protocol. Thread-safe. */
public interface ConnectionFactory {

  /**
   * The largest frame that a connection may send before it has shown that it speaks the protocol.
   */
  int maxFirstFrameBytes();

  /**
   * Whether its connections begin with a handshake. They begin on the loop that accepts, and move
   * to another one when they have shaken hands; others are served by a partition thread at once.
   */
  boolean shakesHands();

  /** Makes the handler of a connection that has just been accepted. */
  Connection create(ConnectionSetup setup);
}
