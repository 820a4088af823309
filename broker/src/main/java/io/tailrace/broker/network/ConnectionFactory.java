package io.tailrace.broker.network;

/** Makes the connections of one protocol. Thread-safe. */
public interface ConnectionFactory {

  /**
   * The largest frame that a connection may send before it has shown that it speaks the protocol.
   */
  int maxFirstFrameBytes();

  /** Makes the handler of a connection that has just been accepted. */
  Connection create(ConnectionSetup setup);
}
