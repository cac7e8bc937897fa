// A role and a database for each service that keeps its data here. Runs once, when the data folder is made. There is a
// file with the password of each role, named after it, and one of root.
const fs = require("fs");
for (const name of fs.readdirSync(process.env.SECRETS_DIR).filter((file) => file !== "root")) {
  const password = fs.readFileSync(`${process.env.SECRETS_DIR}/${name}`, "utf8");
  db.getSiblingDB(name).createUser({ user: name, pwd: password, roles: ["readWrite", "dbAdmin"] });
}
