// Healthy when it is the primary of its replica set (transactions need one); the first check makes the set.
if (!db.hello().setName) {
  const admin = db.getSiblingDB("admin");
  admin.auth("root", require("fs").readFileSync(`${process.env.SECRETS_DIR}/root`, "utf8"));
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
quit(db.hello().isWritablePrimary ? 0 : 1);
