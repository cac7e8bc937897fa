// The role of the one service that keeps its data here. Runs once, when the data folder is made.
const password = require("fs").readFileSync(`${process.env.SECRETS_DIR}/analytics`, "utf8");
db.getSiblingDB("analytics").createUser({ user: "analytics", pwd: password, roles: ["readWrite", "dbAdmin"] });
